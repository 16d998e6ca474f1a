// The end of a journal: what it has taken is answered, and nothing is left that would keep its process alive.
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as path from "node:path"
import { PgJournal } from "@aecor/journal-pg"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Either, Exit, Fiber, Layer, Option, Redacted, Scope, Stream } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { migrate, noted, NoteJournal, observer, settled, stored, table, until } from "./fixtures/journal.js"
import { untilWaiting, whileLocked } from "./fixtures/journal.js"
import { patientWire, tracked } from "./fixtures/sockets.js"

it.scopedLive("closed in good order, a journal leaves no connection", () =>
  Effect.gen(function* () {
    const { url } = yield* withTable
    const used = yield* opened(url)
    yield* atWork(used)
    yield* used.close
    expect(used.open()).toEqual([pool])
  })
)

it.scopedLive("a journal that is closed says so to whoever still has it", () =>
  Effect.gen(function* () {
    const { url } = yield* withTable
    const { close, journal } = yield* opened(url)
    yield* close
    const live = Stream.runDrain(journal.eventsByTag(NoteJournal.tagging.tagOf("a"), 0))
    expect(yield* Effect.flip(live)).toMatchObject({ reason: "Unavailable" })
    expect(yield* Effect.flip(journal.append("a", 0, [noted("1")]))).toMatchObject({ reason: "Unavailable" })
  })
)

it.scopedLive(
  "callers that are interrupted and a journal that closes: what was on its way is stored, and all ends",
  () =>
    Effect.gen(function* () {
      const { sql, url } = yield* withTable
      const { close, journal, open } = yield* opened(url)
      const closing = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(journal.append("sent", 0, [noted("sent")]))
          yield* untilWaiting(sql, 1)
          const [gone, kept] = yield* Effect.forEach(["gone", "kept"], (key) =>
            Effect.forkDaemon(journal.append(key, 0, [noted(key)]))
          )
          yield* settled
          const closed = yield* Effect.forkDaemon(close)
          yield* settled
          yield* Fiber.interruptAll(gone === undefined ? [sent] : [sent, gone])
          return { closed, kept }
        })
      )
      yield* Fiber.join(closing.closed)
      if (closing.kept !== undefined) yield* Fiber.join(closing.kept)
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["sent", "kept"])
      expect(open()).toEqual([pool])
    })
)

it.scopedLive(
  "closed while Postgres is not to be reached, a journal answers what it has taken, and leaves nothing",
  () =>
    Effect.gen(function* () {
      const { url } = yield* withTable
      const proxy = yield* TcpProxy.make(url)
      const used = yield* opened(proxy.url, { patience: "300 millis" })
      const { close, journal, open } = used
      yield* atWork(used)
      proxy.admit(false)
      proxy.cut()
      const taken = yield* Effect.forEach(["b", "c", "d"], (key) =>
        Effect.forkDaemon(Effect.either(journal.append(key, 0, [noted(key)])))
      )
      yield* settled
      yield* close
      for (const answer of yield* Fiber.joinAll(taken)) expect(Either.isLeft(answer)).toBe(true)
      expect(open().filter((name) => name !== pool)).toEqual([])
    })
)

it.scopedLive("closed when the server is gone without a word, a journal does not wait for it", () =>
  Effect.gen(function* () {
    const { url } = yield* withTable
    const wire = yield* patientWire(url)
    const used = yield* opened(wire.url)
    yield* atWork(used)
    wire.freeze()
    yield* used.close
    expect(used.open()).toEqual([pool])
  })
)

it.scopedLive("closed while an append is on its way to a server that has fallen silent, a journal gives that up", () =>
  Effect.gen(function* () {
    const { url } = yield* withTable
    const wire = yield* patientWire(url)
    const used = yield* opened(wire.url, { patience: "300 millis" })
    const { close, journal, open } = used
    yield* atWork(used)
    wire.freeze()
    const sent = yield* Effect.forkDaemon(Effect.flip(journal.append("b", 0, [noted("1")])))
    yield* settled
    yield* close
    expect(yield* Fiber.join(sent)).toMatchObject({ _tag: "InDoubt", key: "b", expected: 0 })
    expect(open()).toEqual([pool])
  })
)

it.scopedLive("closed while it connects to a server that does not answer, a journal gives that up", () =>
  Effect.gen(function* () {
    const { url } = yield* withTable
    const wire = yield* patientWire(url)
    const { close, journal, open } = yield* opened(wire.url, { patience: "300 millis" })
    wire.freeze()
    // the tail and the listener connect, for ever as far as they know
    yield* Effect.forkScoped(Stream.runDrain(journal.eventsByTag(NoteJournal.tagging.tagOf("a"), 0)))
    yield* until(
      "connections under way",
      Effect.sync(() => Option.liftPredicate(open(), (names) => names.length === 3))
    )
    yield* close
    expect(open()).toEqual([pool])
  })
)

for (const how of ["in good order", "after the server was lost"] as const) {
  it.scopedLive(`a process that has used a journal for a moment ends by itself, ${how}`, () =>
    Effect.gen(function* () {
      const { url } = yield* withTable
      const proxy = yield* TcpProxy.make(url)
      const child = yield* program(proxy.url)
      expect(yield* child.said).toContain("Noted")
      if (how === "after the server was lost") {
        proxy.admit(false)
        proxy.cut()
      }
      child.goOn()
      expect(yield* child.said).toBe("closed")
      expect(yield* child.ended).toBe(0)
    })
  )
}

/** What is left when a journal is closed: the application's own pool, which is not the journal's to close. */
const pool = "@effect/sql-pg"

const withTable = Effect.gen(function* () {
  const url = yield* newDatabase
  yield* migrate(url)
  return { url, sql: yield* observer(url) }
})

/** A journal on a client that lives on when the journal is closed, and the purposes of the sockets that are open. */
const opened = Effect.fnUntraced(function* (url: Redacted.Redacted, settings: PgJournal.Settings = {}) {
  const { open, stream } = tracked()
  const pg = yield* Layer.build(client(url, { maxConnections: 1, stream }))
  const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
  const layer = Layer.provide(PgJournal.layer(NoteJournal, { table, ...settings }), Layer.succeedContext(pg))
  const journal = Context.get(yield* Layer.buildWithScope(layer, scope), NoteJournal)
  return { journal, open, close: Scope.close(scope, Exit.void) }
})

/** Appends to the journal and follows it, with all its connections at work. */
const atWork = ({ journal, open }: Effect.Effect.Success<ReturnType<typeof opened>>) =>
  Effect.gen(function* () {
    yield* journal.append("a", 0, [noted("1")])
    yield* Effect.forkScoped(Stream.runDrain(journal.eventsByTag(NoteJournal.tagging.tagOf("a"), 0)))
    const expected = [pool, "aecor appends to note_event", "aecor listens", "aecor reads note_event"]
    yield* until(
      "all connections",
      Effect.sync(() => Option.liftPredicate(open(), (names) => names.join() === expected.join()))
    )
  })

/** A process of its own that uses the journal, and says when it has closed everything. */
const program = (url: Redacted.Redacted) =>
  Effect.gen(function* () {
    const file = path.join(import.meta.dirname, "programs", "journal.process.ts")
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--import", "tsx", "--conditions=@aecor/source", file, Redacted.value(url), table], {
          stdio: ["pipe", "pipe", "inherit"]
        })
      ),
      (spawned) => Effect.sync(() => spawned.kill("SIGKILL"))
    )
    const exit = once(child, "exit")
    return {
      said: Effect.promise(() => once(child.stdout, "data").then(([data]) => String(data))),
      goOn: () => child.stdin.write("\n"),
      ended: Effect.promise(() => exit.then(([code]) => code as number | null))
    }
  })
