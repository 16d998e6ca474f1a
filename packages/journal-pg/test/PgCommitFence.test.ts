// Commits of offsets and views against takeovers: what an older run of a process writes never follows a newer one's.
import { ConsumerId, OffsetStore, Tagging } from "@aecor/core"
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, layer } from "@effect/vitest"
import { Clock, Context, Deferred, Effect, Fiber, Layer, Option, Queue, Schema } from "effect"
import { hubOf, Notifications } from "../src/internal/notifications.js"
import { client, newDatabase } from "./fixtures/database.js"
import { claimed, claimedAfter, registered, unhurried, untilWaiting } from "./leases.js"

class Notes extends ViewStore.Tag<Notes>()("Notes", { row: Schema.Struct({ text: Schema.String }) }) {}

const notes = PgMigrations.make("notes", [
  PgMigrations.step("table", "CREATE TABLE notes (key text PRIMARY KEY, version bigint NOT NULL, text text NOT NULL)")
])

const NotesView = PgViewStore.layer(Notes, { table: "notes", key: "key" })

const Stores = Layer.mergeAll(PgOffsetStore.layer, PgProcessLease.layer, NotesView).pipe(
  Layer.provideMerge(PgMigrations.layer([PgProcessLease.migrations, PgOffsetStore.migrations, notes])),
  Layer.provideMerge(Layer.unwrapEffect(Effect.map(newDatabase, (url) => client(url, { maxConnections: 10 }))))
)

layer(Stores, { excludeTestServices: true })("a commit and its fence", (it) => {
  it.effect("a claim waits for the commit that is on its way, and refuses the next one", () =>
    Effect.gen(function* () {
      const { claimAnswers, fence } = yield* takeover("waits", () => untilWaiting("aecor_claim"))
      expect(claimAnswers).toBe("after the commit")
      const offsets = yield* OffsetStore.OffsetStore
      const late = yield* Effect.flip(offsets.commit({ consumer: consumerOf("waits"), fence, expected: 1, offset: 2 }))
      expect(late._tag).toBe("Fenced")
      expect(yield* offsets.get(consumerOf("waits"))).toBe(1)
    })
  )

  it.effect("without the share lock the claim would answer first, and the old run's write follow it", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const [guard] = yield* sql<{ text: string }>`SELECT pg_get_functiondef('aecor_guard'::regproc) AS text`
      const text = guard?.text ?? ""
      expect(text).toContain("FOR SHARE")
      yield* sql.unsafe(text.replace("FOR SHARE", ""))
      const { claimAnswers, offset } = yield* takeover("does not wait", Fiber.await).pipe(
        Effect.ensuring(Effect.orDie(sql.unsafe(text)))
      )
      expect(claimAnswers).toBe("before the commit")
      expect(offset).toBe(1)
    })
  )

  it.effect("a view's commit that is refused stores no row, and one without rows moves the offset", () =>
    Effect.gen(function* () {
      const view = yield* Notes
      const process = yield* registered("view")
      const old = yield* claimed(process, "old")
      const rows = new Map([["a", { version: 1, view: { text: "old" } }]])
      const commit = { consumer: consumerOf("view"), expected: 0, offset: 1, rows }
      const fence = yield* claimed(process, "new")
      expect((yield* Effect.flip(view.commit({ ...commit, fence: old })))._tag).toBe("Fenced")
      expect((yield* Effect.flip(view.commit({ ...commit, fence, expected: 5 })))._tag).toBe("CommitConflict")
      expect(yield* view.load(consumerOf("view"), ["a"])).toEqual({ offset: 0, rows: new Map(), tombstones: new Map() })
      yield* view.commit({ ...commit, fence })
      yield* view.commit({ ...commit, fence, expected: 1, offset: 2, rows: new Map() })
      expect((yield* view.load(consumerOf("view"), ["a"])).offset).toBe(2)
    })
  )

  it.effect("a commit is told to the other nodes, and who waits for it there hears of it: no poll is needed", () =>
    Effect.gen(function* () {
      const here = yield* Notes
      const sql = yield* PgClient.PgClient
      const [notesTable] = yield* sql<{ identity: string }>`SELECT 'notes'::regclass::oid::text AS identity`
      const there = Context.get(yield* Effect.withClock(Layer.build(Layer.fresh(NotesView)), still), Notes)
      // what a node is told when it begins to listen is that it may have missed something
      const told = yield* Queue.unbounded<string | undefined>()
      const hub = yield* hubOf(sql)
      yield* hub.subscribe(notesTable?.identity ?? "", (said) => Queue.unsafeOffer(told, said))
      expect(yield* Queue.take(told)).toBeUndefined()
      const fence = yield* claimed(yield* registered("awaited"), "one")
      for (let version = 1; version <= 3; version++) {
        const waiting = yield* Effect.fork(there.awaitReceipt({ key: "awaited", sequence: version }, "15 seconds"))
        const offset = yield* Effect.fork(there.awaitOffset(consumerOf("awaited"), version, "15 seconds"))
        const rows = new Map([["awaited", { version, view: { text: "x" } }]])
        const commit = { consumer: consumerOf("awaited"), fence, expected: version - 1, offset: version, rows }
        yield* here.commit(commit)
        expect(yield* Queue.take(told)).toBe(`commit [["awaited",${version}]]`)
        yield* Fiber.join(waiting)
        expect(yield* Fiber.join(offset)).toBe(true)
      }
    }).pipe(Effect.provide(Notifications.layer), Effect.scoped)
  )

  it.effect("a commit does not take part in the caller's transaction", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const view = yield* Notes
      const fence = yield* claimed(yield* registered("own"), "one")
      const commit = { consumer: consumerOf("own"), fence, expected: 0, offset: 1 }
      const rows = new Map([["own", { version: 1, view: { text: "x" } }]])
      yield* sql
        .withTransaction(Effect.zipRight(view.commit({ ...commit, rows }), Effect.fail("rolled back")))
        .pipe(Effect.flip)
      expect(Option.isSome(yield* view.get("own"))).toBe(true)
    })
  )
})

/** A clock by which nobody wakes up: a node that lives by it does not poll. */
const still: Clock.Clock = Object.create(Clock.make(), { sleep: { value: () => Effect.never } })

const consumerOf = (name: string) => ConsumerId.make(name, new Tagging.EventTag({ name: "Fence", partition: 0 }))

const parameters = (deployment: string, { epoch, token }: { readonly epoch: number; readonly token: string }) => [
  deployment,
  0,
  epoch,
  token,
  deployment,
  "Fence",
  0,
  0,
  1
]

/**
 * A commit of an old run is held open between its write and its end, while a new run claims the process. Tells which of
 * them came first. `meanwhile` is what the commit's end waits for.
 */
const takeover = <E, R>(
  deployment: string,
  meanwhile: (claiming: Fiber.Fiber<unknown, unknown>) => Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const process = yield* registered(deployment)
    const fence = yield* claimed(process, "old")
    const written = yield* Deferred.make<void>()
    const end = yield* Deferred.make<void>()
    const commit = sql.withTransaction(
      Effect.gen(function* () {
        yield* unhurried
        yield* sql.unsafe(
          "SELECT aecor_commit_offset($1, $2, $3, $4, $5, $6, $7, $8, $9)",
          parameters(deployment, fence)
        )
        yield* Deferred.succeed(written, undefined)
        yield* Deferred.await(end)
      })
    )
    const committing = yield* Effect.fork(commit)
    yield* Deferred.await(written)
    const claiming = yield* Effect.fork(claimedAfter(process, "new"))
    yield* meanwhile(claiming)
    const answered = Option.isSome(yield* Fiber.poll(claiming))
    yield* Deferred.succeed(end, undefined)
    yield* Fiber.join(committing)
    yield* Fiber.join(claiming)
    return {
      fence,
      claimAnswers: answered ? "before the commit" : "after the commit",
      offset: yield* Effect.flatMap(OffsetStore.OffsetStore, (offsets) => offsets.get(consumerOf(deployment)))
    }
  })
