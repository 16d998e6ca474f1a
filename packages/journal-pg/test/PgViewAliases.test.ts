// A swap and the commits of the version that serves, one behind the other; and the rows for an application's own queries.
import { ConsumerId, OffsetStore, ProcessContext, ProcessLease, Tagging } from "@aecor/core"
import { PgFence, PgMigrations, PgOffsetStore, PgProcessLease, PgViewAliases } from "@aecor/journal-pg"
import { ViewAliases } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, it, layer } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { client, database } from "./fixtures/database.js"
import { owned, run } from "./fixtures/role.js"
import { claimed, registered, unhurried } from "./leases.js"

const Stores = Layer.mergeAll(PgOffsetStore.layer, PgViewAliases.layer, PgProcessLease.layer).pipe(
  Layer.provideMerge(
    database(
      PgProcessLease.migrations,
      PgOffsetStore.migrations,
      PgViewAliases.migrations,
      PgMigrations.make("versions", [
        PgMigrations.step(
          "tables",
          `CREATE TABLE notes (key text PRIMARY KEY, note text NOT NULL);
           CREATE TABLE notes_3 (key text PRIMARY KEY, version bigint NOT NULL);
           CREATE TABLE notes_2 (note text NOT NULL, key text PRIMARY KEY, length integer NOT NULL);
           INSERT INTO notes VALUES ('a', 'first');
           INSERT INTO notes_2 VALUES ('second', 'a', 6)`
        )
      ])
    )
  )
)
const tag = Tagging.tag("Notes")

layer(Stores, { excludeTestServices: true })("the aliases of views in Postgres", (on) => {
  on.effect("the version of before commits nothing between the conditions of a swap and its effect", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const aliases = yield* ViewAliases.ViewAliases
      const lease = yield* ProcessLease.ProcessLease
      for (const name of ["old", "new"]) yield* lease.register(name, 1)
      const commit = Effect.fnUntraced(function* (name: string, expected: number, offset: number) {
        const fence = yield* lease.seize(name)
        yield* offsets.commit({ consumer: ConsumerId.make(name, tag), fence, expected, offset })
      })
      const swap = (from: string, to: string, patience: Duration.DurationInput) =>
        aliases.swap({
          alias: "notes",
          initial: "old",
          from,
          to,
          tags: [tag],
          patience: Duration.decode(patience),
          obstacles: Effect.dieMessage("it looks for itself")
        })
      yield* commit("old", 0, 5)
      expect(yield* swap("old", "new", 0)).toEqual({
        _tag: "Refused",
        behind: [{ partition: 0, offset: 0, of: 5 }],
        quarantined: []
      })
      const ended: Array<string> = []
      const swapping = yield* Effect.fork(
        Effect.tap(swap("old", "new", "20 seconds"), () => Effect.sync(() => ended.push("swap")))
      )
      yield* waitsForLock("old")
      const committing = yield* Effect.fork(
        Effect.tap(commit("old", 5, 9), () => Effect.sync(() => ended.push("commit")))
      )
      yield* Effect.sleep("200 millis")
      expect(ended).toEqual([])
      yield* commit("new", 0, 5)
      expect(yield* Fiber.join(swapping)).toEqual({ _tag: "Swapped" })
      yield* Fiber.join(committing)
      expect(yield* aliases.serving("notes", "old")).toEqual({ version: "new", swaps: 1 })
      expect(yield* swap("old", "other", 0)).toEqual({ _tag: "Other", serving: "new" })
    })
  )

  on.effect("a partition that the version of before has not begun is locked as well", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const aliases = yield* ViewAliases.ViewAliases
      const lease = yield* ProcessLease.ProcessLease
      const fresh = { alias: "fresh", initial: "one", from: "one", to: "two", tags: [tag] }
      yield* lease.register("one", 1)
      const obstacles = Effect.dieMessage("it looks for itself")
      expect(yield* aliases.swap({ ...fresh, patience: Duration.zero, obstacles })).toEqual({ _tag: "Swapped" })
      const consumer = ConsumerId.make("one", tag)
      yield* offsets.commit({ consumer, fence: yield* lease.seize("one"), expected: 0, offset: 7 })
      expect(yield* offsets.get(consumer)).toBe(7)
    })
  )

  on.effect("a copy that sleeps since before a version was dropped commits nothing to it when it wakes", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const lease = yield* ProcessLease.ProcessLease
      const sql = yield* PgClient.PgClient
      const sleeping = yield* claimed(yield* registered("dropped"), "frozen")
      const drop = PgViewAliases.drop("dropping", { version: "dropped", initial: "kept", table: "notes_3" })
      expect(yield* Effect.flip(drop)).toMatchObject({ _tag: "DropRefused", reason: "Runs" })
      yield* lease.stop("dropped")
      // it was heard of a moment ago
      expect(yield* Effect.flip(drop)).toMatchObject({ _tag: "DropRefused", reason: "Runs" })
      yield* sql`UPDATE process_lease SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE deployment = 'dropped'`
      yield* sql`INSERT INTO notes_3 VALUES ('a', 1), ('b', 2)`
      expect(yield* drop).toEqual({ version: "dropped", rows: 2 })
      // it has committed nothing yet: its offset is the one that a version without any has
      const consumer = ConsumerId.make("dropped", tag)
      const woken = yield* Effect.flip(offsets.commit({ consumer, fence: sleeping, expected: 0, offset: 5 }))
      expect(woken).toMatchObject({ _tag: "Fenced", deployment: "dropped" })
      expect(yield* offsets.get(consumer)).toBe(0)
      expect(yield* drop).toEqual({ version: "dropped", rows: 0 })
    })
  )

  on.effect("nothing is dropped while a commit of a copy is under way, and a commit behind the drop is refused", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const sql = yield* PgClient.PgClient
      const fence = yield* claimed(yield* registered("busy"), "frozen")
      yield* lease.stop("busy")
      yield* sql`UPDATE process_lease SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE deployment = 'busy'`
      const drop = PgViewAliases.drop("busily", { version: "busy", initial: "kept", table: "notes_3" })
      const [within, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const committing = yield* unhurried.pipe(
        Effect.zipRight(sql`INSERT INTO notes_3 VALUES ('c', 3)`),
        Effect.zipRight(Deferred.succeed(within, undefined)),
        Effect.zipRight(Deferred.await(end)),
        PgFence.guard,
        Effect.provideService(ProcessContext.ProcessContext, fence),
        Effect.fork
      )
      yield* Deferred.await(within)
      expect(yield* Effect.flip(drop)).toMatchObject({ _tag: "DropRefused", reason: "Runs" })
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(committing)
      expect(yield* drop).toEqual({ version: "busy", rows: 1 })
      const late = PgFence.guard(sql`INSERT INTO notes_3 VALUES ('d', 4)`)
      const refused = yield* Effect.flip(Effect.provideService(late, ProcessContext.ProcessContext, fence))
      expect(refused).toMatchObject({ _tag: "Fenced" })
    })
  )

  on.effect(
    "an application's own query gets the rows of the version that serves, in any transaction those of one",
    () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const rows = PgViewAliases.rows("own notes", ["key", "note"], { "Notes 1": "notes", "Notes 2": "notes_2" })
        const read = sql.unsafe(`SELECT note FROM ${rows} served WHERE served.key = 'a'`)
        expect(yield* read).toEqual([{ note: "first" }])
        yield* Effect.gen(function* () {
          yield* sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
          expect(yield* read).toEqual([{ note: "first" }])
          const aliases = yield* ViewAliases.ViewAliases
          const swap = { alias: "own notes", initial: "Notes 1", from: "Notes 1", to: "Notes 2", tags: [tag] }
          yield* aliases.swap({ ...swap, patience: Duration.zero, obstacles: Effect.dieMessage("it looks for itself") })
          expect(yield* read).toEqual([{ note: "first" }])
        }).pipe(sql.withTransaction)
        expect(yield* read).toEqual([{ note: "second" }])
      })
  )
})

it.live("a node's role may ask what serves, and swap only where it was given that", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const migrations = [PgProcessLease.migrations, PgOffsetStore.migrations, PgViewAliases.migrations]
      const { node, owner } = yield* owned(
        migrations,
        (role) => PgProcessLease.grants(role) + PgOffsetStore.grants(role) + PgViewAliases.grants(role)
      )
      yield* Effect.gen(function* () {
        const aliases = yield* ViewAliases.ViewAliases
        expect(yield* aliases.serving("notes", "one")).toEqual({ version: "one", swaps: 0 })
        const swap = aliases.swap({
          alias: "notes",
          initial: "one",
          from: "one",
          to: "two",
          tags: [tag],
          patience: Duration.zero,
          obstacles: Effect.dieMessage("it looks for itself")
        })
        const refused = yield* Effect.flip(swap)
        expect(refused).toMatchObject({ _tag: "ViewAliasError", alias: "notes" })
        expect(refused.message).toContain("permission denied")
        yield* run(owner.url, PgViewAliases.swapGrants(node.name))
        expect(yield* swap).toEqual({ _tag: "Swapped" })
      }).pipe(Effect.provide(PgViewAliases.layer.pipe(Layer.provide(client(node.url)))))
    })
  )
)

it("a name that could mean anything else in a statement is refused", () => {
  for (const name of ["it's", "a\\", 'a"', "a;", ""]) {
    expect(() => PgViewAliases.rows(name, ["key"], { one: "notes" })).toThrow(RangeError)
    expect(() => PgViewAliases.rows("notes", ["key"], { [name]: "notes" })).toThrow(RangeError)
  }
  expect(() => PgViewAliases.rows("notes", ["key, 1"], { one: "notes" })).toThrow(RangeError)
  expect(() => PgViewAliases.rows("notes", ["key"], { one: "notes; drop" })).toThrow(RangeError)
})

/** Waits until the offsets of a consumer are locked. */
const waitsForLock = (consumer: string) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    Effect.repeat(
      sql`SELECT FROM consumer_offset WHERE consumer = ${consumer} FOR UPDATE SKIP LOCKED`.pipe(
        Effect.delay("20 millis")
      ),
      { until: (rows) => rows.length === 0 }
    )
  )
