// A connection of one's own: made when it is needed, again when it was lost, and given up whenever nothing comes of it.
import type { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted } from "effect"
import { inject } from "vitest"
import * as Dedicated from "../src/internal/dedicated.js"
import { statement } from "../src/internal/statement.js"
import { observer, until } from "./fixtures/journal.js"
import { patientWire, tracked } from "./fixtures/sockets.js"

const server = Redacted.make(inject("postgresUrl"))

const dedicated = (config: PgClient.PgClientConfig, timeout = "10 seconds" as const) =>
  Dedicated.make({ config, purpose: "test", timeout, named: true })

it.scopedLive("nothing is connected before it is needed; a connection that was ended is replaced", () =>
  Effect.gen(function* () {
    const { open, stream } = tracked()
    const { send } = yield* dedicated({ url: server, stream })
    expect(open()).toEqual([])
    const [pid] = answer(yield* send(ownPid, []))
    expect(answer(yield* send(ownPid, []))).toEqual([pid])
    expect(open()).toEqual(["aecor test"])
    yield* (yield* observer(server)).unsafe("SELECT pg_terminate_backend($1)", [Number(pid)])
    yield* until(
      "the end of the connection",
      Effect.sync(() => Option.liftPredicate(open(), (names) => names.length === 0))
    )
    expect(answer(yield* send(ownPid, []))).not.toEqual([pid])
    expect(open()).toEqual(["aecor test"])
  })
)

it.scopedLive(
  "a sender that is interrupted while it connects or waits leaves no connection, and the next has another",
  () =>
    Effect.gen(function* () {
      const { open, stream } = tracked()
      const wire = yield* patientWire(server)
      const { send } = yield* dedicated({ url: wire.url, stream })
      const waiting = yield* Effect.fork(send(statement("SELECT pg_sleep(60)::text"), []))
      yield* until(
        "the connection",
        Effect.sync(() => Option.liftPredicate(open(), (names) => names[0] === "aecor test"))
      )
      yield* Fiber.interrupt(waiting)
      expect(open()).toEqual([])
      expect(answer(yield* send(ownPid, [])).length).toBe(1)
      const again = yield* Effect.fork(send(statement("SELECT pg_sleep(60)::text"), []))
      yield* Fiber.interrupt(again)
      wire.freeze()
      const connecting = yield* Effect.fork(send(ownPid, []))
      yield* until(
        "an attempt to connect",
        Effect.sync(() => Option.liftPredicate(open(), (names) => names.length === 1))
      )
      yield* Fiber.interrupt(connecting)
      expect(open()).toEqual([])
    })
)

it.scopedLive("what is sent after the end was not sent", () =>
  Effect.gen(function* () {
    const { send } = yield* Effect.scoped(dedicated({ url: server }))
    expect(yield* send(ownPid, [])).toMatchObject({ _tag: "Failed", sent: false })
  })
)

const ownPid = statement("SELECT pg_backend_pid()::text")

/** The first row. */
const answer = (result: Dedicated.Result): ReadonlyArray<string | null> =>
  result._tag === "Answered" ? (result.rows[0] ?? []) : []
