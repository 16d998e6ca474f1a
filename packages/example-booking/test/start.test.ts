/** The one command from a fresh clone to the page. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { start } from "./started.js"

it.scopedLive(
  "the application is started and its page served by one command, and nothing is left when it is interrupted",
  () =>
    Effect.gen(function* () {
      const { ended, interrupt, nodes, url } = yield* start(1)
      const text = yield* Effect.promise(async () => (await fetch(url)).text())
      expect(text).toContain("<title>Concert tickets</title>")
      yield* interrupt
      yield* interrupt
      expect(yield* ended).toBe(0)
      for (const { pid } of nodes) expect(() => process.kill(pid, 0)).toThrow("ESRCH")
      yield* Effect.flip(Effect.tryPromise(() => fetch(url)))
    }),
  180_000
)
