/** In which order the application begins and ends. */
import { DistributedProcessing } from "@aecor/core"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { App } from "../src/app.js"
import { Address } from "../src/http/Server.js"
import { Memory } from "../src/memory.js"
import { deployments } from "../src/processes.js"
import { connect, get } from "./http/wire.js"

it.live("nobody can connect before the processes are deployed, nor when they end", () =>
  Effect.gen(function* () {
    const port = yield* EmbeddedPostgres.freePort
    const url = `http://127.0.0.1:${port}`
    const seen: Array<readonly [string, boolean]> = []
    const look = (when: string) =>
      Effect.map(Effect.isSuccess(Effect.scoped(connect(url))), (listens) => seen.push([when, listens]))
    const watched = Layer.effect(
      DistributedProcessing.DistributedProcessing,
      Effect.map(DistributedProcessing.DistributedProcessing, (host) => ({
        ...host,
        start: (deployment: Parameters<typeof host.start>[0]) =>
          Effect.gen(function* () {
            const killSwitch = yield* host.start(deployment)
            // whoever does not wait for the processes has the time to listen
            yield* Effect.sleep("1 second")
            yield* look("deployed")
            yield* Effect.addFinalizer(() => look("ending"))
            return killSwitch
          })
      }))
    ).pipe(Layer.provideMerge(Memory))

    const address = Layer.succeed(Address, { host: "127.0.0.1", port })
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* Layer.build(Layer.provide(App, [watched, address]))
        const client = yield* connect(url)
        yield* client.send(get("/health"))
        expect(yield* client.answer).toMatchObject({ status: 200 })
      })
    )
    expect(seen).toEqual(["deployed", "ending"].flatMap((when) => deployments.map(() => [when, false])))
  })
)
