import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { newRole } from "./fixtures/role.js"
import { journalOf, migrate, noted, NoteJournal, observer, stored, table, withJournal } from "./fixtures/journal.js"

it.live("a database whose default is REPEATABLE READ is refused, and named", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* newDatabase
      const sql = yield* observer(url)
      yield* sql.unsafe(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation TO ''repeatable read''',
           current_database()); END $$`
      )
      yield* migrate(url)
      const journal = yield* journalOf(url)
      const error = yield* Effect.flip(journal.append("a", 0, [noted("x")]))
      expect(error).toMatchObject({ _tag: "JournalError", reason: "Unavailable" })
      expect(error.message).toContain("needs READ COMMITTED, and the transaction is repeatable read")
      expect(yield* stored(sql)).toEqual([])
    })
  )
)

it.live("an append waits for the disk, whatever synchronous_commit says", () =>
  withJournal(({ sql }) =>
    Effect.gen(function* () {
      const settings = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SET LOCAL synchronous_commit TO off`
          yield* sql.unsafe(`SELECT ${table}_append('{k}', '{0}', '{1}', ARRAY[gen_random_uuid()], '{Note}', '{0}',
            '{"{}"}', '{1}', '{1}', ARRAY[gen_random_uuid()], '{Noted}', '{"{}"}')`)
          return yield* sql`SELECT current_setting('synchronous_commit') AS s, current_setting('lock_timeout') AS l`
        })
      )
      expect(settings).toEqual([{ s: "on", l: "0" }])
    })
  )
)

it.live("only the functions write: a role that may call them cannot insert, nor get in between", () =>
  withJournal(({ sql, url }) =>
    Effect.gen(function* () {
      const { name } = yield* newRole(url)
      yield* sql.unsafe(PgJournal.grants({ table }, name))
      const as = (text: string) =>
        sql.withTransaction(Effect.zipRight(sql.unsafe(`SET LOCAL ROLE ${name}`), sql.unsafe(text))).pipe(Effect.either)
      expect(yield* as(`INSERT INTO ${table} (key) VALUES ('x')`)).toMatchObject({ left: { cause: { code: "42501" } } })
      // neither a temporary table of the same name nor a function of the caller's gets in between
      yield* sql.unsafe(`CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO ${name};
        CREATE FUNCTION evil.pg_advisory_xact_lock(integer, integer) RETURNS void LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''hijacked''; END'`)
      const shadow = `CREATE TEMPORARY TABLE ${table} (n integer) ON COMMIT DROP;
        CREATE TEMPORARY TABLE ${table}_tag (n integer) ON COMMIT DROP`
      const path = "SET LOCAL search_path TO evil, pg_catalog, public"
      const id = "ARRAY[gen_random_uuid()]"
      const payload = `'{"{\\"text\\": \\"s\\"}"}'`
      for (const call of [
        `${table}_append('{k}', '{0}', '{1}', ${id}, '{Note}', '{0}', '{"{}"}', '{1}', '{1}', ${id}, '{Noted}', ${payload})`,
        `${table}_append('{k}', '{1}', '{1}', ${id}, '{NULL}', '{Note}', '{0}', '{"{}"}',
          '{1}', '{1}', ${id}, '{Noted}', '{1}', ARRAY['["t"]'], ${payload})`,
        `${table}_append_one('k', 2, gen_random_uuid(), 'Noted', '{"text": "s"}', 'Note', 0, tags => '["t"]')`
      ]) {
        expect(yield* as(`${shadow}; ${path}; SELECT ${call}`)).toMatchObject({ _tag: "Right" })
      }
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["s", "s", "s"])
      expect(yield* sql.unsafe(`SELECT tag FROM ${table}_tag`)).toEqual([{ tag: "t" }, { tag: "t" }])
    })
  )
)

it.live("an append and a read do not take part in the caller's transaction", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* migrate(url)
    const layer = Layer.provideMerge(PgJournal.layer(NoteJournal, { table }), client(url))
    yield* Effect.gen(function* () {
      const journal = yield* NoteJournal
      const sql = yield* PgClient.PgClient
      const failed = yield* sql
        .withTransaction(
          Effect.gen(function* () {
            yield* Effect.ignore(sql`SELECT 1 / 0`)
            // the transaction is aborted: a statement in it would fail
            yield* journal.append("a", 0, [noted("x")])
            expect(yield* Stream.runCount(journal.read("a", 1))).toBe(1)
            return yield* Effect.fail("rolled back")
          })
        )
        .pipe(Effect.flip)
      expect(failed).toBe("rolled back")
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["x"])
    }).pipe(Effect.provide(layer))
  })
)
