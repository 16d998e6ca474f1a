import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { client } from "./fixtures/database.js"
import { NoteJournal, noted, table, withJournal } from "./fixtures/journal.js"

/** Six events of two keys; the position of each is its place in the list. */
const texts = [
  ["a", 0, "one"],
  ["a", 1, "#red"],
  ["b", 0, "one"],
  ["a", 2, "three"],
  ["b", 1, "#red#blue"],
  ["a", 3, "four"]
] as const

const [red, blue, green] = ['["red", 0]', '["blue", 0]', '["green", 0]']

/** What the table's owner may do to it, and what an audit says of it then. */
const corruptions = {
  "an event in the middle of a key that was taken away": [
    `DELETE FROM ${table} WHERE position = 4`,
    [{ _tag: "Sequence", key: "a", position: 6, expected: 3, found: 4 }]
  ],
  "a key that does not begin with 1": [
    `DELETE FROM ${table} WHERE position = 3`,
    [{ _tag: "Sequence", key: "b", position: 5, expected: 1, found: 2 }]
  ],
  "a sequence that two events have": [
    `ALTER TABLE ${table} DROP CONSTRAINT ${table}_key_sequence_key;
     INSERT INTO ${table} (key, sequence, id, type, tag, partition, payload, metadata, "timestamp")
     SELECT key, sequence, gen_random_uuid(), type, tag, partition, payload, metadata, clock_timestamp()
     FROM ${table} WHERE position = 1`,
    [{ _tag: "Sequence", key: "a", position: 7, expected: 2, found: 1 }]
  ],
  "two events of a key that changed places": [
    `UPDATE ${table} SET sequence = 20 WHERE position = 4;
     UPDATE ${table} SET sequence = 3 WHERE position = 2;
     UPDATE ${table} SET sequence = 2 WHERE position = 4`,
    [{ _tag: "Order", key: "a", position: 2, expected: 4, found: 2 }]
  ],
  "the times of two events that were swapped": [
    `UPDATE ${table} one SET "timestamp" = other."timestamp" FROM ${table} other
     WHERE (one.position, other.position) IN ((3, 4), (4, 3))`,
    [{ _tag: "Timestamp", key: "a", position: 4, expected: expect.any(String), found: expect.any(String) }]
  ],
  "a time that is none": [
    `UPDATE ${table} SET "timestamp" = 'infinity' WHERE position = 3`,
    [{ _tag: "Timestamp", key: "b", position: 3, found: "infinity" }]
  ],
  "a wrong partition": [
    `UPDATE ${table} SET partition = 9 WHERE position = 3`,
    [{ _tag: "Partition", key: "b", position: 3, expected: partitionOf("b"), found: '["Note", 9]' }]
  ],
  "the name of another tagging": [
    `UPDATE ${table} SET tag = 'Nota' WHERE position = 6`,
    [{ _tag: "Partition", key: "a", position: 6, expected: partitionOf("a"), found: expect.stringMatching("Nota") }]
  ],
  "a row that has lost a tag, also beside it": [
    `UPDATE ${table} SET tags = ARRAY['${red}'] WHERE position = 5;
     DELETE FROM ${table}_tag WHERE tag = '${blue}'`,
    [{ _tag: "Tags", key: "b", position: 5, expected: [red, blue], found: [red] }]
  ],
  "a row that has a tag more": [
    `UPDATE ${table} SET tags = ARRAY['${green}'] WHERE position = 1;
     INSERT INTO ${table}_tag VALUES ('${green}', 1)`,
    [{ _tag: "Tags", key: "a", position: 1, expected: [], found: [green] }]
  ],
  "a tag that was taken away beside its row": [
    `DELETE FROM ${table}_tag WHERE position = 2`,
    [{ _tag: "TagRow", key: "a", position: 2, expected: red, found: undefined }]
  ],
  "a tag beside a row that does not have it": [
    `INSERT INTO ${table}_tag VALUES ('${green}', 3)`,
    [{ _tag: "TagRow", key: "b", position: 3, expected: undefined, found: green }]
  ],
  "a tag of no event": [
    `INSERT INTO ${table}_tag VALUES ('${red}', 99)`,
    [{ _tag: "TagRow", key: undefined, position: 99, expected: undefined, found: red }]
  ],
  "another tag in a row than beside it": [
    `UPDATE ${table} SET tags = ARRAY['${green}'] WHERE position = 2`,
    [
      { _tag: "TagRow", key: "a", position: 2, expected: green, found: undefined },
      { _tag: "Tags", key: "a", position: 2, expected: [red], found: [green] },
      { _tag: "TagRow", key: "a", position: 2, expected: undefined, found: red }
    ]
  ],
  "an event that does not decode": [
    `UPDATE ${table} SET payload = '{"_tag": "Noted", "text": null}' WHERE position = 3`,
    [{ _tag: "Event", key: "b", position: 3, expected: "NoteJournal", found: "Noted" }]
  ],
  "metadata that are no texts": [
    `UPDATE ${table} SET metadata = '{"n": 1}' WHERE position = 3;
     UPDATE ${table} SET metadata = 'null' WHERE position = 4`,
    [
      { _tag: "Metadata", key: "b", position: 3, found: '{"n":1}' },
      { _tag: "Metadata", key: "a", position: 4, found: "null" }
    ]
  ],
  "an id that two events have": [
    `UPDATE ${table} SET id = (SELECT id FROM ${table} WHERE position = 2) WHERE position = 5`,
    [{ _tag: "Id", key: "b", position: 5, expected: 2, found: 5 }]
  ]
} as const

for (const [what, [sql, offences]] of Object.entries(corruptions)) {
  it.live(`names ${what}, whatever the size of a page, and nothing else`, () =>
    corrupted(sql, (audit) =>
      Effect.forEach([1, 2, 1000], (pageSize) =>
        Effect.map(audit({ pageSize }), (report) => {
          expect(report.offences).toMatchObject(offences)
          expect(report.offenceCount).toBe(offences.length)
          for (const { key, message, position } of report.offences) {
            expect(message).toContain(`position ${position}`)
            if (key !== undefined) expect(message).toContain(`key "${key}"`)
          }
        })
      )
    )
  )
}

it.live("finds nothing where nothing is wrong, and says what it has seen", () =>
  corrupted("SELECT 1", (audit) =>
    Effect.gen(function* () {
      const nothing = { offenceCount: 0, offences: [] }
      expect(yield* audit({})).toEqual({ events: 6, keys: 2, from: 0, to: 6, ...nothing })
      expect(yield* audit({ pageSize: 2 })).toEqual({ events: 6, keys: 2, from: 0, to: 6, ...nothing })
      expect(yield* audit({ from: 3 })).toEqual({ events: 3, keys: 2, from: 3, to: 6, ...nothing })
      expect(yield* audit({ from: 5 })).toEqual({ events: 1, keys: 1, from: 5, to: 6, ...nothing })
      expect(yield* audit({ from: 6 })).toEqual({ events: 0, keys: 0, from: 6, to: 6, ...nothing })
    })
  )
)

it.live("sees from a position on what is wrong after it, also with what stands before", () =>
  corrupted(
    `UPDATE ${table} SET partition = 9; DELETE FROM ${table} WHERE position = 4;
     INSERT INTO ${table}_tag VALUES ('${green}', 3), ('${green}', 6);
     UPDATE ${table} SET id = (SELECT id FROM ${table} WHERE position = 2) WHERE position IN (5, 6);
     UPDATE ${table} SET "timestamp" = "timestamp" + interval '1 hour' WHERE position IN (1, 5)`,
    (audit) =>
      Effect.map(audit({ from: 5 }), ({ offences }) =>
        expect(offences).toMatchObject([
          { _tag: "Sequence", position: 6, expected: 3, found: 4 },
          { _tag: "Timestamp", position: 6 },
          { _tag: "Partition", position: 6 },
          { _tag: "TagRow", position: 6 },
          { _tag: "Id", position: 6, expected: 2 }
        ])
      )
  )
)

it.live("names as many offences as it is asked for, and counts the others", () =>
  corrupted(
    `UPDATE ${table} SET partition = 9; INSERT INTO ${table}_tag VALUES ('${red}', 98), ('${red}', 99);
     UPDATE ${table} SET id = (SELECT id FROM ${table} WHERE position = 1)`,
    (audit) =>
      Effect.gen(function* () {
        const some = yield* audit({ limit: 2, pageSize: 1 })
        expect(some.offences.map(({ position }) => position)).toEqual([1, 2])
        expect(some.offenceCount).toBe(6 + 2 + 5)
        expect((yield* audit({})).offences.length).toBe(6 + 2 + 5)
        expect(yield* audit({ limit: 0 })).toMatchObject({ offenceCount: 6 + 2 + 5, offences: [] })
      })
  )
)

it.live("gives no false alarm while writers write", () =>
  withJournal(({ journal, sql, url }) =>
    Effect.gen(function* () {
      const enough = yield* Deferred.make<void>()
      const writer = (key: string) =>
        Effect.gen(function* () {
          for (let n = 0; !(yield* Deferred.isDone(enough)); n += 3) {
            yield* journal.append(key, n, [noted("#red"), noted("plain"), noted(`#red#${key}`)])
            yield* journal.append(`${key} ${n}`, 0, [noted("#blue")])
          }
        })
      const writers = yield* Effect.forkScoped(
        Effect.forEach(["a", "b", "c", "d"], writer, { concurrency: "unbounded" })
      )
      const audit = PgJournal.audit(NoteJournal, { table, pageSize: 100 }).pipe(Effect.provide(client(url)))
      let beyond = 0
      for (let i = 0; i < 3; i++) {
        const report = yield* audit
        expect(report.offences).toEqual([])
        beyond += (yield* headOf(sql)) - report.to
      }
      yield* Deferred.succeed(enough, undefined)
      yield* Fiber.join(writers)
      expect(beyond).toBeGreaterThan(0)
      const [count] = yield* sql.unsafe(
        `SELECT count(*)::integer AS events, count(DISTINCT key)::integer AS keys FROM ${table}`
      )
      expect(yield* audit).toMatchObject({ ...count, offenceCount: 0 })
    })
  )
)

it.live("says that there is no such table", () =>
  withJournal(({ url }) =>
    Effect.gen(function* () {
      const audit = PgJournal.audit(NoteJournal, { table: "nowhere" })
      const error = yield* Effect.flip(Effect.provide(audit, client(url)))
      expect(error).toMatchObject({ _tag: "JournalError", reason: "Unavailable" })
      expect(error.message).toContain("there is no table nowhere")
    })
  )
)

it("refuses what is no table, no page, no position and no number of offences", () => {
  for (const refused of [{ table: "No" }, { pageSize: 0 }, { pageSize: 0.5 }, { from: -1 }, { limit: -1 }]) {
    expect(() => PgJournal.audit(NoteJournal, { table, ...refused })).toThrow(RangeError)
  }
})

type Audit = (options: Partial<PgJournal.AuditOptions>) => ReturnType<typeof PgJournal.audit>

/** The six events, to which the table's owner has done something. */
const corrupted = <A, E, R>(statements: string, use: (audit: Audit) => Effect.Effect<A, E, R>) =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      yield* Effect.forEach(texts, ([key, expected, text]) => journal.append(key, expected, [noted(text)]))
      yield* sql.unsafe(statements)
      return yield* use((options) => PgJournal.audit(NoteJournal, { table, ...options })).pipe(
        Effect.provideService(PgClient.PgClient, sql)
      )
    })
  )

const headOf = (sql: PgClient.PgClient) =>
  Effect.map(sql.unsafe<{ head: number }>(`SELECT max(position)::integer AS head FROM ${table}`), ([row]) =>
    row === undefined ? 0 : row.head
  )

/** The tag of a key's partition as it is named. */
function partitionOf(key: string): string {
  return `["Note", ${NoteJournal.tagging.tagOf(key).partition}]`
}
