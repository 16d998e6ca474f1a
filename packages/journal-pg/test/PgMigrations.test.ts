import { PgConnection, PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ViewStoreSuite } from "@aecor/projection/testing"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Redacted } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { NoteJournal } from "./fixtures/journal.js"

const slow = PgMigrations.make("application", [
  PgMigrations.step("table", "CREATE TABLE application (n integer); INSERT INTO application VALUES (1)"),
  PgMigrations.step("more", "SELECT pg_sleep(0.05); INSERT INTO application VALUES (2)")
])
const modules = [
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table: "note_event" }),
  PgJournal.migrations({ table: "elsewhere.note_event" }),
  slow
]

it.live("eight nodes that start at once on an empty database run each step once", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* Effect.all(
      Array.from({ length: 8 }, () => start(url, modules)),
      { concurrency: "unbounded" }
    )
    expect(yield* query(url, "SELECT n FROM application ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }])
    expect(yield* query(url, ledger)).toEqual(
      modules.flatMap(({ module, steps }) => steps.map(({ name }, i) => ({ module, step: i + 1, name })))
    )
  })
)

it.live("a second start changes nothing", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* start(url, modules)
    const before = yield* query(url, everything)
    yield* start(url, modules)
    expect(yield* query(url, everything)).toEqual(before)
  })
)

it.live("a later version runs its new steps only, and an older one still starts after it", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const older = { ...slow, steps: slow.steps.slice(0, 1) }
    yield* start(url, [older])
    yield* start(url, [slow])
    yield* start(url, [older])
    expect(yield* query(url, "SELECT n FROM application ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }])
  })
)

it.live("a step that fails leaves the database as it was, and is named", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const broken = PgMigrations.make("broken", [
      PgMigrations.step("good", "CREATE TABLE good ()"),
      PgMigrations.step("bad", "CREATE TABLE good ()")
    ])
    const error = yield* Effect.flip(start(url, [slow, broken]))
    expect(error).toMatchObject({ _tag: "MigrationError", reason: "Failed", module: "broken" })
    expect(error.message).toMatch(/step 2, "bad".*"good" already exists/)
    expect(yield* query(url, "SELECT to_regclass('application') AS a, to_regclass('good') AS b")).toEqual([
      { a: null, b: null }
    ])
  })
)

it.live("a step that has run and is called something else now is refused", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* start(url, [slow])
    const changed = PgMigrations.make("application", slow.steps.toReversed())
    const error = yield* Effect.flip(start(url, [changed]))
    expect(error).toMatchObject({ _tag: "MigrationError", reason: "Changed", module: "application" })
    expect(error.message).toMatch(/step 1 ran as "table", and is "more" now/)
  })
)

it.live("two modules of one name are refused", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const error = yield* Effect.flip(start(url, [slow, slow]))
    expect(error).toMatchObject({ _tag: "MigrationError", reason: "Duplicate", module: "application" })
  })
)

it.live("a later module relies on an earlier one, and the steps run in one transaction", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const first = PgMigrations.make("first", [PgMigrations.step("table", "CREATE TABLE first (n integer)")])
    const second = PgMigrations.make("second", [
      {
        name: "rows",
        run: Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO first VALUES (${1})`)
      }
    ])
    yield* start(url, [first, second])
    expect(yield* query(url, "SELECT n FROM first")).toEqual([{ n: 1 }])
  })
)

it("a name that is no identifier is refused and named", () => {
  for (const table of ["Booking_event", "booking-event", "x; drop table y", "a.b.c", "", "a.", "é", "a".repeat(49)]) {
    for (const refused of [
      () => PgJournal.migrations({ table }),
      () => PgJournal.layer(NoteJournal, { table }),
      () => PgViewStore.layer(ViewStoreSuite.SuiteView, { table, key: "key" })
    ]) {
      expect(refused).toThrow(RangeError)
      expect(refused).toThrow(JSON.stringify(table.slice(table.indexOf(".") + 1)))
    }
  }
  expect(() => PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "a", key: "k e y" })).toThrow('"k e y"')
  expect(() =>
    PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "a", key: "key", columns: { paid: 'p"' } })
  ).toThrow("is no name of a column")
})

it.scopedLive("a node that is interrupted while another one migrates does not wait for it", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const long = PgMigrations.make("long", [PgMigrations.step("for ever", "SELECT pg_sleep(1000000)")])
    const waiting = (event: string) => `SELECT FROM pg_stat_activity WHERE datname = current_database()
      AND wait_event = '${event}'`
    const isThere = (event: string) => Effect.repeat(query(url, waiting(event)), { until: (rows) => rows.length === 1 })
    const nodes = client(url, PgConnection.noticingSilence()({}))
    const migrating = yield* Effect.forkScoped(Effect.provide(PgMigrations.run([long]), nodes))
    yield* isThere("PgSleep")
    const second = yield* Effect.fork(Effect.provide(PgMigrations.run([long]), nodes))
    yield* isThere("advisory")
    yield* Fiber.interrupt(second)
    expect(migrating.unsafePoll()).toBe(null)
    yield* Fiber.interrupt(migrating)
  })
)

it.live("a journal whose migrations have not run says so", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const error = yield* Effect.flip(
      Layer.build(PgJournal.layer(NoteJournal, { table: "nowhere" }).pipe(Layer.provide(client(url)))).pipe(
        Effect.scoped
      )
    )
    expect(error).toMatchObject({ _tag: "JournalError", journal: "NoteJournal", reason: "Unavailable" })
    expect(error.message).toContain("there is no table nowhere")
  })
)

const ledger = "SELECT module, step, name FROM aecor_migration ORDER BY xmin::text::bigint, ctid"

/** Every relation and function of the user, with the transactions that made them, and the ledger's rows. */
const everything = `
  SELECT relname::text AS name, xmin::text AS made FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|^info'
  UNION ALL SELECT proname::text, xmin::text FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^pg_|^info'
  UNION ALL SELECT module || step, xmin::text FROM aecor_migration ORDER BY 1, 2`

const start = (url: Redacted.Redacted, migrations: ReadonlyArray<PgMigrations.Migrations>) =>
  Layer.build(PgMigrations.layer(migrations).pipe(Layer.provide(client(url)))).pipe(Effect.scoped)

const query = (url: Redacted.Redacted, text: string) =>
  PgClient.PgClient.pipe(
    Effect.flatMap((sql) => sql.unsafe(text)),
    Effect.provide(client(url))
  )
