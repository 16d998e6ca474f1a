// What the key-value store does on Postgres, beyond what the suite of all key-value stores asks.
import { SnapshotStore } from "@aecor/core"
import { PgKeyValueStore, PgMigrations, PgSnapshotStore } from "@aecor/journal-pg"
import { KeyValueStore } from "@effect/platform"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, type Redacted } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { observer, until } from "./fixtures/journal.js"

const storage = { table: "setting" }

const store = (url: Redacted.Redacted, settings: PgClient.PgClientConfig = {}) =>
  PgKeyValueStore.layer(storage).pipe(
    Layer.provideMerge(PgMigrations.layer([PgKeyValueStore.migrations(storage)])),
    Layer.provideMerge(client(url, settings))
  )

/** A store on a new database, and its URL. */
const withStore = <A, E>(
  use: (url: Redacted.Redacted) => Effect.Effect<A, E, KeyValueStore.KeyValueStore | PgClient.PgClient>,
  settings?: PgClient.PgClientConfig
) => Effect.flatMap(newDatabase, (url) => Effect.provide(use(url), store(url, settings)))

it.live("takes no part in a transaction of the caller", () =>
  withStore(() =>
    Effect.gen(function* () {
      const values = yield* KeyValueStore.KeyValueStore
      const sql = yield* PgClient.PgClient
      const failed = yield* sql
        .withTransaction(
          Effect.gen(function* () {
            yield* Effect.ignore(sql`SELECT 1 / 0`)
            // the transaction is aborted: a statement in it would fail
            yield* values.set("k", "1")
            yield* values.modify("k", (value) => `${value}2`)
            return yield* Effect.fail("rolled back")
          })
        )
        .pipe(Effect.flip)
      expect(failed).toBe("rolled back")
      expect(yield* values.get("k")).toEqual(Option.some("12"))
    })
  )
)

/** Waits for a change that comes while somebody else's, a statement, is not committed yet; gives what became of it. */
const overtaken = <A, E>(sql: PgClient.PgClient, statement: string, change: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const waiting = yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql.unsafe(statement)
        const fiber = yield* Effect.fork(change)
        const blocked = sql`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`
        yield* until(
          "the change waits for the row",
          Effect.map(blocked, ([backend]) => Option.fromNullable(backend))
        )
        return fiber
      })
    )
    return yield* Fiber.join(waiting)
  })

it.live("a change that meets a newer value is made again, on that; one that meets none, is not made", () =>
  withStore((url) =>
    Effect.gen(function* () {
      const values = yield* KeyValueStore.KeyValueStore
      const sql = yield* observer(url)
      const seen: Array<string> = []
      const change = values.modify("k", (value) => {
        seen.push(value)
        return `${value}!`
      })
      yield* values.set("k", "1")
      expect(yield* overtaken(sql, "UPDATE setting SET value = '2'", change)).toEqual(Option.some("2!"))
      expect(seen).toEqual(["1", "2"])
      expect(yield* overtaken(sql, "DELETE FROM setting", change)).toEqual(Option.none())
      expect(yield* values.has("k")).toBe(false)
    }).pipe(Effect.scoped)
  )
)

it.live("the same where transactions are stricter by default", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const sql = yield* observer(url)
    yield* sql.unsafe(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation TO ''serializable''',
         current_database()); END $$`
    )
    yield* Effect.gen(function* () {
      const values = yield* KeyValueStore.KeyValueStore
      yield* values.set("k", "1")
      const change = values.modify("k", (value) => `${value}!`)
      expect(yield* overtaken(sql, "UPDATE setting SET value = '2'", change)).toEqual(Option.some("2!"))
      yield* overtaken(sql, "UPDATE setting SET value = '3'", values.set("k", "4"))
      expect(yield* values.get("k")).toEqual(Option.some("4"))
      yield* overtaken(sql, "UPDATE setting SET value = '5'", values.remove("k"))
      expect(yield* values.size).toBe(0)
    }).pipe(Effect.provide(store(url)))
  }).pipe(Effect.scoped)
)

it.live("is not misled by what the client makes of names and JSON", () => {
  const shout = (text: string) => text.toUpperCase()
  return withStore(
    () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        yield* values.set("k", `{"a_b":1}`)
        expect(yield* values.get("k")).toEqual(Option.some(`{"a_b":1}`))
        expect(yield* values.modify("k", (value) => `${value} `)).toEqual(Option.some(`{"a_b":1} `))
        expect([yield* values.size, yield* values.has("k"), yield* values.isEmpty]).toEqual([1, true, false])
      }),
    { transformJson: true, transformResultNames: shout, transformQueryNames: shout }
  )
})

it.live("stores usual texts as they are, to be looked at", () =>
  withStore(() =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      yield* (yield* KeyValueStore.KeyValueStore).set(`["Account","é 🙂"]`, `{"text":"a \\n \\"b\\""}`)
      const [row] = yield* sql`SELECT key, value::jsonb AS value FROM setting`
      expect(row).toEqual({ key: `["Account","é 🙂"]`, value: { text: `a \n "b"` } })
    })
  )
)

it.live("what the server refuses is an error of the key-value store", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* Effect.gen(function* () {
      const values = yield* KeyValueStore.KeyValueStore
      const missing = yield* Effect.flip(values.get("k"))
      expect(missing).toMatchObject({
        _tag: "SystemError",
        module: "KeyValueStore",
        method: "get",
        reason: "BadResource"
      })
      expect(missing.message).toContain(`relation "setting" does not exist`)
      expect(yield* Effect.flip(values.modify("k", (value) => value))).toMatchObject({ method: "modify" })
      expect(yield* Effect.flip(values.size)).toMatchObject({ method: "size", pathOrDescriptor: "setting" })
    }).pipe(Effect.provide(Layer.provide(PgKeyValueStore.layer(storage), client(url))))
    yield* Effect.gen(function* () {
      const long = Array.from({ length: 500 }, () => globalThis.crypto.randomUUID()).join("")
      const refused = yield* Effect.flip((yield* KeyValueStore.KeyValueStore).set(long, "1"))
      expect(refused).toMatchObject({ reason: "InvalidData", method: "set" })
    }).pipe(Effect.provide(store(url)))
  })
)

it.live("a name that is none is refused", () =>
  Effect.sync(() => {
    for (const table of ["Setting", "a b", "s.t.u", `"x"`, ""]) {
      expect(() => PgKeyValueStore.layer({ table })).toThrow(RangeError)
      expect(() => PgKeyValueStore.migrations({ table })).toThrow(RangeError)
    }
  })
)

it.live("two stores of two tables know nothing of each other", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const both = PgMigrations.layer([PgKeyValueStore.migrations(storage), PgSnapshotStore.migrations])
    yield* Effect.gen(function* () {
      yield* (yield* SnapshotStore.SnapshotStore).set("k", "a snapshot")
      const values = yield* KeyValueStore.KeyValueStore
      expect(yield* values.size).toBe(0)
      yield* values.clear
      expect(yield* (yield* SnapshotStore.SnapshotStore).has("k")).toBe(true)
    }).pipe(
      Effect.provide(
        Layer.merge(PgKeyValueStore.layer(storage), PgSnapshotStore.layer).pipe(
          Layer.provide(Layer.provideMerge(both, client(url)))
        )
      )
    )
  })
)
