// No name of a table, a schema or a role is accepted that would need quoting, on the server's own word for it.
import { PgJournal, PgMigrations, PgViewStore } from "@aecor/journal-pg"
import { ViewStoreSuite } from "@aecor/projection/testing"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Context, DateTime, Effect, FastCheck, Layer } from "effect"
import { client, database, newDatabase } from "./fixtures/database.js"
import { NoteJournal, noted } from "./fixtures/journal.js"

const anyPart = FastCheck.oneof(
  FastCheck.string({ unit: "binary", maxLength: 8 }),
  FastCheck.stringMatching(/^[a-z_][a-z0-9_]{0,47}$/),
  FastCheck.stringMatching(/^[A-Za-z_0-9. "';$-]{0,60}$/),
  FastCheck.constantFrom(
    "",
    "é",
    "a b",
    'a"',
    "a'",
    "a;",
    "a--",
    "a$",
    "1a",
    "a\0",
    "A",
    "a".repeat(48),
    "a".repeat(49)
  )
)

it.live("of any words and any characters, the server would quote none that is accepted", () =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const keywords = yield* sql.unsafe<{ word: string; reserved: boolean }>(
      "SELECT word, catcode <> 'U' AS reserved FROM pg_get_keywords()"
    )
    const words = keywords.map(({ word }) => word)
    const names = [...FastCheck.sample(anyPart, 3000).filter((name) => !name.includes(".")), ...words]
    for (const accepts of [isTable, isSchema, isViewTable, isRole]) {
      const accepted = names.filter(accepts)
      expect(accepted.length).toBeGreaterThan(100)
      const quoted = yield* sql.unsafe(
        `SELECT name FROM jsonb_array_elements_text($1::jsonb) name WHERE quote_ident(name) <> name`,
        [JSON.stringify(accepted)]
      )
      expect(quoted).toEqual([])
      expect(words.filter((word) => !accepts(word)).toSorted()).toEqual(
        keywords.flatMap(({ reserved, word }) => (reserved ? [word] : [])).toSorted()
      )
    }
  }).pipe(Effect.provide(database()))
)

it("a name has one dot at the most, with a name on each side of it", () => {
  FastCheck.assert(
    FastCheck.property(FastCheck.array(anyPart, { minLength: 2, maxLength: 4 }), (parts) => {
      const whole = parts.join(".")
      expect(isTable(whole)).toBe(whole.split(".").length === 2 && whole.split(".").every(isTable))
    }),
    { numRuns: 2000 }
  )
})

/** Words that the statements and the functions use in another sense. */
const used = ["key", "partition", "stored", "search", "journal", "before", "a"]

it.live("a journal works by any name that is accepted, with a schema and without", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const anyName = FastCheck.stringMatching(/^[a-z_][a-z0-9_]{0,47}$/).filter((name) => !name.startsWith("pg_"))
    const names = [...used, ...FastCheck.sample(anyName.filter(isTable), 3), "a".repeat(48)]
    // A set, as a short name comes up twice now and then.
    const tables = [...new Set(names.flatMap((name) => [name, `${name.slice(0, 46)}_s.${name}`]))]
    yield* Effect.provide(PgMigrations.run(tables.map((table) => PgJournal.migrations({ table }))), client(url))
    for (const table of tables) {
      const journal = yield* Layer.build(
        PgJournal.layer(NoteJournal, { table }).pipe(Layer.provideMerge(client(url, { maxConnections: 2 })))
      )
      yield* Effect.gen(function* () {
        const { append, positionAt } = Context.get(journal, NoteJournal)
        yield* append("k", 0, [noted("#red")])
        yield* append("k", 1, [noted("one"), noted("#red")])
        expect(yield* positionAt(yield* DateTime.now)).toBe(3)
        expect(yield* PgJournal.audit(NoteJournal, { table })).toMatchObject({ events: 3, offenceCount: 0 })
        yield* (yield* PgClient.PgClient).unsafe(PgJournal.grants({ table }, "pg_monitor"))
      }).pipe(Effect.provide(journal))
    }
  }).pipe(Effect.scoped)
)

const accepted = (attempt: () => unknown): boolean => {
  try {
    attempt()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError)
    return false
  }
}
const isTable = (table: string) => accepted(() => PgJournal.migrations({ table }))
const isSchema = (schema: string) => accepted(() => PgJournal.grants({ table: `${schema}.a` }, "node"))
const isViewTable = (table: string) =>
  accepted(() => PgViewStore.layer(ViewStoreSuite.SuiteView, { table, key: "key" }))
const isRole = (role: string) => accepted(() => PgJournal.grants({ table: "a" }, role))
