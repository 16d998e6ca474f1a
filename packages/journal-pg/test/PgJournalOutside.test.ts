// Writers that are not of this library: what the README shows them is what is run here.
import { Journal, Tagging } from "@aecor/core"
import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Chunk, Context, Effect, FastCheck, Fiber, Layer, Schema, Stream } from "effect"
import * as fs from "node:fs"
import { client } from "./fixtures/database.js"
import { journalOf, noted, NoteJournal, table, untilWaiting, withJournal } from "./fixtures/journal.js"
import { newRole, owned, run } from "./fixtures/role.js"

const Deposited = Schema.TaggedStruct("Deposited", { amount: Schema.Int })
const Withdrawn = Schema.TaggedStruct("Withdrawn", { amount: Schema.Int })

class AccountJournal extends Journal.Tag<AccountJournal>()("AccountJournal", {
  event: Schema.Union(Deposited, Withdrawn),
  tagging: Tagging.partitioned("Account", 4)
}) {}
const accounts = { table: "account_event" }

const readme = fs.readFileSync(new URL("../README.md", import.meta.url), "utf8")
const blocks = [...readme.matchAll(/```sql\n([^]*?)```/g)].map(([, text]) => text ?? "")
const [one = "", several = ""] = blocks.filter((text) => text.includes("account_event_append"))

/** The README's one event, as a writer sends it that has not heard what became of it. */
const oneAgain = `SELECT outcome, last_position FROM account_event_append(
  ARRAY['ann'], ARRAY[0], ARRAY[1], ARRAY['7f1f3a52-5d5c-4b0c-9a53-0e6f4f2f6c01']::uuid[], ARRAY[NULL]::uuid[],
  ARRAY['Account'], ARRAY[account_event_partition('ann', 4)], ARRAY['{}'],
  ARRAY[1], ARRAY[1], ARRAY['7f1f3a52-5d5c-4b0c-9a53-0e6f4f2f6c01']::uuid[], ARRAY['Deposited'], ARRAY[1],
  ARRAY[NULL]::text[], ARRAY['{"_tag": "Deposited", "amount": 100}'])`

it.live("what the README shows is stored, and read, tagged and decoded like any other event", () =>
  withAccounts(({ journal, node }) =>
    Effect.gen(function* () {
      const tag = AccountJournal.tagging.tagOf("ann")
      const live = yield* Effect.fork(Stream.runCollect(Stream.take(journal.eventsByTag(tag, 0), 4)))
      yield* Effect.yieldNow()
      expect(yield* run(node, one)).toEqual([{ position: "1" }])
      expect(yield* run(node, several)).toEqual([{ outcome: "stored", head: "1", last_position: "3" }])
      yield* journal.append("ann", 3, [{ _tag: "Deposited", amount: 1 }], {
        lastId: "7f1f3a52-5d5c-4b0c-9a53-0e6f4f2f6c03"
      })
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.read("ann", 1)))
      const by = { by: "the monthly run" }
      expect(events).toMatchObject([
        { sequence: 1, position: 1, event: { _tag: "Deposited", amount: 100 }, metadata: {} },
        { sequence: 2, position: 2, event: { _tag: "Deposited", amount: 5 }, metadata: by },
        { sequence: 3, position: 3, event: { _tag: "Withdrawn", amount: 20 }, metadata: by },
        { sequence: 4, position: 4, event: { _tag: "Deposited", amount: 1 }, metadata: {} }
      ])
      expect(Chunk.toReadonlyArray(yield* Fiber.join(live))).toEqual(events)
      const audit = Effect.provide(PgJournal.audit(AccountJournal, accounts), client(node))
      expect(yield* audit).toMatchObject({ events: 4, keys: 1, offences: [] })
    })
  )
)

it.live("a stale append is answered null, or `conflict`; one that is sent again is stored once", () =>
  withAccounts(({ journal, node }) =>
    Effect.gen(function* () {
      yield* run(node, one)
      expect(yield* run(node, one)).toEqual([{ position: null }])
      yield* run(node, several)
      expect(yield* run(node, several)).toEqual([{ outcome: "stored", head: "3", last_position: "3" }])
      const other = several.replaceAll("6c02", "6d02").replaceAll("6c03", "6d03")
      expect(yield* run(node, other)).toMatchObject([{ outcome: "conflict", head: "3" }])
      expect(yield* run(node, oneAgain)).toEqual([{ outcome: "stored", last_position: "1" }])
      const ahead = one.replace("expected => 0", "expected => 9")
      expect(yield* run(node, ahead)).toEqual([{ position: null }])
      expect(Chunk.size(yield* Stream.runCollect(journal.read("ann", 1)))).toBe(3)
    })
  )
)

it.live("other tags are given as the README says", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      const [, tags = ""] = /`tags => '(.*?)'`/.exec(readme) ?? []
      yield* sql.unsafe(
        `SELECT ${table}_append_one('a', 0, gen_random_uuid(), 'Noted', $1, 'Note', ${table}_partition('a', 4), tags => $2)`,
        [JSON.stringify(noted("#vip")), tags]
      )
      const events = yield* Stream.runCollect(journal.currentEventsByTag(Tagging.tag("vip"), 0))
      expect(Chunk.toReadonlyArray(events)).toMatchObject([{ key: "a", sequence: 1, event: noted("#vip") }])
      expect(yield* Effect.provideService(auditOfNotes, PgClient.PgClient, sql)).toMatchObject({ offences: [] })
    })
  )
)

it.live("the partition of a key is the one that the tagging gives it, whatever its characters", () =>
  withJournal(({ sql }) =>
    Effect.gen(function* () {
      const anyKey = FastCheck.string({ unit: "binary", maxLength: 60 }).map((key) => key.replaceAll("\0", ""))
      const byBytes = ["", "a", "é", "日本", "🎫", "\u{10ffff}", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff"]
      for (const partitions of [1, 2, 3, 4, 20, 1000, 65_536]) {
        const { tagOf } = Tagging.partitioned("Note", partitions)
        const keys = [...byBytes, ...FastCheck.sample(anyKey, 500)]
        const found = yield* sql.unsafe<{ key: string; partition: number }>(
          `SELECT key, ${table}_partition(key, $2) AS partition
           FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY given(key, n) ORDER BY n`,
          [JSON.stringify(keys), partitions]
        )
        expect(found).toEqual(keys.map((key) => ({ key, partition: tagOf(key).partition })))
      }
    })
  )
)

it.live("an append of one event waits for those before it, and its position is beyond theirs", () =>
  withJournal(({ sql }) =>
    Effect.gen(function* () {
      const positions: Array<number> = []
      for (const end of ["COMMIT", "ROLLBACK"]) {
        const [before, waiting] = yield* Effect.scoped(
          Effect.gen(function* () {
            const connection = yield* sql.reserve
            yield* connection.execute("BEGIN", [], undefined)
            const [first] = yield* connection.execute(appendNote(`first ${end}`), [], undefined)
            const later = yield* Effect.forkDaemon(sql.unsafe(appendNote(`later ${end}`)))
            yield* untilWaiting(sql, 1)
            yield* connection.execute(end, [], undefined)
            return [positionIn(first), later] as const
          })
        )
        const [after] = yield* Fiber.join(waiting)
        expect(positionIn(after)).toBeGreaterThan(before)
        positions.push(...(end === "COMMIT" ? [before] : []), positionIn(after))
      }
      expect(yield* storedPositions(sql)).toEqual(positions)
    })
  )
)

it.live("of many writers at once, none gets a position below one that was answered before it asked", () =>
  withJournal(({ sql, url }) =>
    Effect.gen(function* () {
      const journal = yield* journalOf(url)
      let highest = 0
      const answered = (asked: number, position: number) => {
        expect(position).toBeGreaterThan(asked)
        highest = Math.max(highest, position)
      }
      const outside = (key: string) => Effect.map(sql.unsafe(appendNote(key)), ([row]) => positionIn(row))
      const inside = (key: string) => Effect.map(journal.append(key, 0, [noted("inside")]), ({ position }) => position)
      const write = Effect.fnUntraced(function* (i: number) {
        const asked = highest
        answered(asked, i % 2 === 0 ? yield* outside(`k ${i}`) : yield* inside(`k ${i}`))
      })
      yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        write,
        { concurrency: 10 }
      )
      expect((yield* storedPositions(sql)).length).toBe(200)
      expect(yield* Effect.provide(auditOfNotes, client(url))).toMatchObject({ events: 200, keys: 200, offences: [] })
    })
  )
)

const auditOfNotes = PgJournal.audit(NoteJournal, { table })

const appendNote = (key: string) =>
  `SELECT ${table}_append_one('${key}', 0, gen_random_uuid(), 'Noted', '{"_tag":"Noted","text":"x"}', 'Note',
     ${table}_partition('${key}', 4))::integer AS position`
const positionIn = (row: unknown) => (row as { readonly position: number }).position

const storedPositions = (sql: PgClient.PgClient) =>
  Effect.map(
    sql.unsafe<{ position: number }>(`SELECT position::integer FROM ${table} ORDER BY ${table}.position`),
    (rows) => rows.map(({ position }) => position)
  )

/** The README's journal, a journal on it, and a role that may do no more than a node. */
const withAccounts = <A, E, R>(
  use: (given: {
    readonly journal: Context.Tag.Service<AccountJournal>
    readonly node: Parameters<typeof run>[0]
  }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { admin, owner } = yield* owned([PgJournal.migrations(accounts)], () => "")
      const writer = yield* newRole(admin)
      yield* run(owner.url, PgJournal.grants(accounts, writer.name))
      const context = yield* Layer.build(
        PgJournal.layer(AccountJournal, accounts).pipe(Layer.provide(client(writer.url)))
      )
      return yield* use({ journal: Context.get(context, AccountJournal), node: writer.url })
    })
  )
