// A journal that gets other partitions, seen by those who have not heard of it: older versions, other programs, an audit.
import { randomUUID } from "node:crypto"
import { Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, type Redacted, Stream } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import * as firstVersion from "./fixtures/firstVersion.js"
import { journalOf, noted, NoteJournal, observer, table } from "./fixtures/journal.js"
import { nodeOf } from "./fixtures/role.js"

const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)

it.scopedLive("older versions and other programs write on: what they append stands in the partitions of today", () =>
  Effect.gen(function* () {
    const { sql, url } = yield* migrated
    const [four, seven] = [yield* journalOf(url), yield* sevenOf(url)]
    for (const key of keys) yield* four.append(key, 0, [noted("1")])
    const { since } = yield* seven.repartition()
    const tagOf = NoteJournal.tagging.tagOf
    for (const key of keys) {
      expect(yield* firstVersion.append(sql, key, 1, "2", "3")).toMatchObject({ accepted: true, head: "1" })
      const { name, partition } = tagOf(key)
      const payload = (text: string) => JSON.stringify(noted(text))
      yield* sql.unsafe(`SELECT ${table}_append_one($1, 3, $2, 'Noted', $3, $4, $5)`, [
        key,
        randomUUID(),
        payload("4"),
        name,
        partition
      ])
      const [answer] = yield* sql.unsafe(
        `SELECT outcome FROM ${table}_append(ARRAY[$1], ARRAY[4], ARRAY[1], ARRAY[$2]::uuid[], ARRAY[NULL]::uuid[],
          ARRAY[$4], ARRAY[$5]::integer[], ARRAY['{}'], ARRAY[1], ARRAY[1], ARRAY[$2]::uuid[], ARRAY['Noted'], ARRAY[1],
          ARRAY[NULL]::text[], ARRAY[$3])`,
        [key, randomUUID(), payload("5"), name, partition]
      )
      expect(answer).toEqual({ outcome: "stored" })
    }
    for (const tag of SevenNotes.tagging.tags) {
      const found = [...(yield* Stream.runCollect(seven.currentEventsByTag(tag, since)))]
      const its = keys.filter((key) => Tagging.isSame(SevenNotes.tagging.tagOf(key), tag))
      const byKey = its.map((key) => found.filter((one) => one.key === key).map(({ event }) => event.text))
      expect(byKey).toEqual(its.map(() => ["2", "3", "4", "5"]))
      expect(found).toHaveLength(4 * its.length)
    }
    // what a node of the first version reads of its partitions ends where they ended
    for (const key of keys) {
      expect((yield* firstVersion.read(sql, key)).every(({ position }) => Number(position) <= since)).toBe(true)
    }
    const audits = [PgJournal.audit(NoteJournal, { table }), PgJournal.audit(SevenNotes, { table })]
    for (const audit of audits) {
      expect(yield* Effect.provide(audit, client(url))).toMatchObject({ events: 100, keys: 20, offences: [] })
    }
    yield* sql.unsafe(`UPDATE ${table} SET partition = partition + 1 WHERE key = 'key 3' AND sequence IN (1, 5)`)
    const { offences } = yield* Effect.provide(PgJournal.audit(SevenNotes, { table }), client(url))
    expect(offences.map(({ _tag, key }) => [_tag, key])).toEqual([
      ["Partition", "key 3"],
      ["Partition", "key 3"]
    ])
  })
)

it.scopedLive("what only older versions have written is asked for how many partitions it has, and checked", () =>
  Effect.gen(function* () {
    const { sql, url } = yield* migrated
    for (const key of keys) yield* firstVersion.append(sql, key, 0, "1")
    const seven = yield* sevenOf(url)
    expect(yield* seven.partitioning).toEqual({ partitions: 0, since: 0, before: [] })
    expect((yield* Effect.flip(seven.append("key 0", 1, [noted("no")]))).message).toContain(
      "not in 7 partitions of Note"
    )
    for (const wrong of [undefined, 5]) {
      expect(yield* Effect.flip(seven.repartition(wrong))).toMatchObject({ reason: "OtherPartitions" })
    }
    expect(yield* seven.repartition(4)).toMatchObject({ partitions: 7, since: 20, before: expect.any(Array) })
    expect((yield* seven.partitioning).before).toHaveLength(4)
    yield* seven.append("key 0", 1, [noted("yes")])
  })
)

it.scopedLive("a node's role reads and appends in other partitions, and cannot make them", () =>
  Effect.gen(function* () {
    const nodes = nodeOf([PgJournal.migrations({ table })], (role) => PgJournal.grants({ table }, role))
    const journal = Context.get(
      yield* Layer.build(Layer.provide(PgJournal.layer(SevenNotes, { table }), nodes)),
      SevenNotes
    )
    yield* journal.append("a", 0, [noted("1")])
    expect(yield* Effect.flip(journal.repartition())).toMatchObject({
      reason: "Unavailable",
      message: expect.stringContaining("permission denied")
    })
    expect(yield* journal.partitioning).toMatchObject({ partitions: 7 })
  })
)

/** The journal of the tests as newer code declares it. */
class SevenNotes extends Journal.Tag<SevenNotes>()("SevenNotes", {
  event: NoteJournal.event,
  tagging: Tagging.partitioned("Note", 7)
}) {}

const sevenOf = (url: Redacted.Redacted) =>
  Layer.build(PgJournal.layer(SevenNotes, { table }).pipe(Layer.provide(client(url)))).pipe(
    Effect.map(Context.get(SevenNotes))
  )

const migrated = Effect.gen(function* () {
  const url = yield* newDatabase
  yield* Effect.provide(PgMigrations.run([PgJournal.migrations({ table })]), client(url, { maxConnections: 1 }))
  return { url, sql: yield* observer(url) }
})
