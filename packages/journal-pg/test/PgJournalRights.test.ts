// What a node's role may do with a journal, and what nobody may.
import { JournalSuite } from "@aecor/core/testing"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, type Redacted } from "effect"
import { sqlState } from "../src/internal/sqlState.js"
import { client } from "./fixtures/database.js"
import * as firstVersion from "./fixtures/firstVersion.js"
import { journalOf, NoteJournal, noted, observer, table } from "./fixtures/journal.js"
import { newRole, nodeOf, owned, type Owned, run } from "./fixtures/role.js"

const suiteTable = { table: "apart.suite_event" }

JournalSuite.suite(
  "PgJournal, with the least rights and in a schema of its own",
  Layer.mergeAll(
    PgJournal.layer(JournalSuite.SuiteJournal, suiteTable),
    PgJournal.layer(JournalSuite.EarlierSuiteJournal, suiteTable)
  ).pipe(Layer.provide(nodeOf([PgJournal.migrations(suiteTable)], (role) => PgJournal.grants(suiteTable, role))))
)

it.live("a node may read and append, and nothing else", () =>
  withNode(({ node, owner }) =>
    Effect.gen(function* () {
      yield* run(owner.url, `CREATE TABLE secret AS SELECT 1 AS n`)
      const journal = yield* journalOf(node.url)
      yield* journal.append("a", 0, [noted("#red"), noted("plain")])
      const old = yield* firstVersion.append(yield* observer(node.url), "b", 0, "of the first version")
      expect(old).toMatchObject({ accepted: true })
      const audit = PgJournal.audit(NoteJournal, { table })
      expect(yield* Effect.provide(audit, client(node.url))).toMatchObject({ events: 3, offenceCount: 0 })
      for (const refused of [
        ...writing,
        ...changing,
        `ALTER TABLE ${table} ADD COLUMN more text`,
        `DROP TABLE ${table}`,
        `CREATE INDEX ON ${table} (key)`,
        `DROP FUNCTION ${table}_partition`,
        `CREATE OR REPLACE FUNCTION ${table}_partition(key text, partitions integer) RETURNS integer LANGUAGE sql AS 'SELECT 0'`,
        `CREATE TABLE public.mine (n integer)`,
        `SELECT * FROM other_event`,
        `SELECT * FROM other_event_tag`,
        appendOneTo("other_event"),
        `SELECT * FROM secret`,
        `DELETE FROM aecor_migration`,
        `SET ROLE ${owner.name}`
      ]) {
        expect([refused, yield* stateOf(node.url, refused)]).toEqual([refused, notAllowed])
      }
      expect(yield* Effect.provide(audit, client(node.url))).toMatchObject({ events: 3, offenceCount: 0 })
    })
  )
)

it.live("a role without grants can neither read nor append", () =>
  withNode(({ admin }) =>
    Effect.gen(function* () {
      const stranger = yield* newRole(admin)
      const journal = yield* journalOf(stranger.url, { patience: 0 })
      const append = yield* Effect.flip(journal.append("a", 0, [noted("x")]))
      const audit = yield* Effect.flip(Effect.provide(PgJournal.audit(NoteJournal, { table }), client(stranger.url)))
      for (const error of [append, audit]) {
        expect(error).toMatchObject({ _tag: "JournalError", reason: "Unavailable" })
        expect(error.message).toMatch(/permission denied/)
      }
      for (const refused of [...writing, ...reading, ...appending]) {
        expect([refused, yield* stateOf(stranger.url, refused)]).toEqual([refused, notAllowed])
      }
      expect(yield* run(admin, `SELECT * FROM ${table}`)).toEqual([])
    })
  )
)

it.live("nobody but the owner writes, whatever the database gives to new tables", () =>
  withNode(({ admin, node, owner }) =>
    Effect.gen(function* () {
      const stranger = yield* newRole(admin)
      yield* run(
        owner.url,
        `ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${node.name}, ${stranger.name};
         ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO ${node.name}, ${stranger.name}`
      )
      const given = "given_event"
      yield* Effect.provide(PgMigrations.run([PgJournal.migrations({ table: given })]), client(owner.url))
      for (const { url } of [node, stranger]) {
        for (const text of [...writing, ...changing]) {
          const refused = text.replaceAll(table, given)
          expect([refused, yield* stateOf(url, refused)]).toEqual([refused, notAllowed])
        }
      }
      yield* run(owner.url, appendOneTo(given))
      expect(yield* run(stranger.url, `SELECT key FROM ${given}`)).toEqual([{ key: "a" }])
    })
  )
)

it("grants to nobody whose name would need quoting, and not to everybody", () => {
  for (const role of ["public", "current_user", "session_user", "none", "user", "a, b", 'a"', "a;", "A", "", "a.b"]) {
    expect(() => PgJournal.grants({ table }, role)).toThrow(RangeError)
    expect(() => PgJournal.grants({ table }, role)).toThrow(JSON.stringify(role))
  }
  expect(() => PgJournal.grants({ table: "a; b" }, "node")).toThrow('"a; b"')
})

/** SQLSTATE `insufficient_privilege`. */
const notAllowed = "42501"

const event = `'a', 1, gen_random_uuid(), 'Noted', 'Note', 0, '{}', '{}', now()`
const writing = [
  `INSERT INTO ${table} (key, sequence, id, type, tag, partition, payload, metadata, "timestamp") VALUES (${event})`,
  `UPDATE ${table} SET sequence = 9`,
  `DELETE FROM ${table}`,
  `TRUNCATE ${table}`,
  `INSERT INTO ${table}_tag VALUES ('x', 1)`,
  `UPDATE ${table}_tag SET tag = 'x'`,
  `DELETE FROM ${table}_tag`,
  `TRUNCATE ${table}_tag`
]
/** What would let somebody else write, or give positions out of their order. */
const changing = [
  `CREATE TRIGGER mine BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  `CREATE TRIGGER mine BEFORE INSERT ON ${table}_tag FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  `SELECT setval('${table}_position_seq', 1)`,
  `SELECT nextval('${table}_position_seq')`
]
const reading = [`SELECT * FROM ${table}`, `SELECT * FROM ${table}_tag`]

const appendOneTo = (name: string) =>
  `SELECT ${name}_append_one('a', 0, gen_random_uuid(), 'Noted', '{"_tag":"Noted","text":"x"}', 'Note', 0)`
const nulls = (count: number) => Array.from({ length: count }, () => "NULL").join(", ")
const appending = [
  appendOneTo(table),
  `SELECT ${table}_append(${nulls(15)})`,
  // the first version's, which is there for nodes of that version
  `SELECT ${table}_append(${nulls(12)})`
]

/** The SQLSTATE that a role's statement is refused with; `undefined` where it is not. */
const stateOf = (url: Redacted.Redacted, statement: string) =>
  Effect.match(run(url, statement), { onFailure: sqlState, onSuccess: () => undefined })

/** A database with two journals, of which the node may use one. */
const withNode = <A, E, R>(use: (given: Owned) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.flatMap(
      owned([PgJournal.migrations({ table }), PgJournal.migrations({ table: "other_event" })], (role) =>
        PgJournal.grants({ table }, role)
      ),
      use
    )
  )
