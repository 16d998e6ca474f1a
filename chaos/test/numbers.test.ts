// What is wrong with a view is found, whatever it is; a right one is right.
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Stream } from "effect"
import { inject } from "vitest"
import * as Model from "../src/processing/model.js"
import * as Numbers from "../src/processing/numbers.js"

it.scopedLive("a view is judged row by row against the events of its journal", () =>
  Effect.gen(function* () {
    const url = yield* EmbeddedPostgres.makeDatabase(inject("postgresUrl"))
    const Client = PgClient.layer({ url, maxConnections: 3 })
    yield* Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      for (const [key, count] of [
        ["a", 4],
        ["b", 3],
        ["c", 2]
      ] as const)
        yield* append(key, count)
      const folded = { a: yield* fold("a", [1, 2, 3, 4]), b: yield* fold("b", [1, 2, 3]), c: yield* fold("c", [1, 2]) }
      const verdictOf = (rows: Readonly<Record<string, Row>>) =>
        Effect.gen(function* () {
          yield* sql`TRUNCATE chaos_view`
          for (const [key, row] of Object.entries(rows)) {
            yield* sql`INSERT INTO chaos_view ${sql.insert({ key, version: row.last, ...row })}`
          }
          return yield* Numbers.verdict
        })

      expect(yield* verdictOf(folded)).toEqual(clean)
      expect(yield* verdictOf({ ...folded, a: yield* fold("a", [1, 2]) })).toEqual({ ...clean, lost: 2 })
      const { a: _, ...missing } = folded
      expect(yield* verdictOf(missing)).toEqual({ ...clean, lost: 4 })
      expect(yield* verdictOf({ ...folded, b: yield* fold("b", [1, 2, 2, 3]) })).toEqual({
        ...clean,
        twice: 1,
        outOfOrder: 1,
        wrongRows: 1
      })
      expect(yield* verdictOf({ ...folded, b: yield* fold("b", [1, 3]) })).toEqual({
        ...clean,
        lost: 1,
        outOfOrder: 1,
        wrongRows: 1
      })
      // right in number and in order, and yet not the fold of these events
      expect(yield* verdictOf({ ...folded, c: { ...folded.c, trail: folded.a.trail } })).toEqual({
        ...clean,
        wrongRows: 1
      })
    }).pipe(
      Effect.provide(
        Numbers.journalLayer({ pooled: false }).pipe(Layer.provide(Model.migrations), Layer.provideMerge(Client))
      )
    )
  })
)

const clean = { events: 9, lost: 0, twice: 0, outOfOrder: 0, wrongRows: 0 }

type Row = Option.Option.Value<ReturnType<typeof Numbers.projection.project>>

const append = (key: string, count: number) =>
  Effect.flatMap(Numbers.NumbersJournal, (journal) =>
    journal.append(
      key,
      0,
      Array.from({ length: count }, () => Numbers.counted)
    )
  )

/** The row of a projection that has met the events of these sequences, in this order. */
const fold = (key: string, sequences: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const journal = yield* Numbers.NumbersJournal
    const events = [...(yield* Stream.runCollect(journal.read(key, 1)))]
    const met = sequences.flatMap((sequence) => events.filter((event) => event.sequence === sequence))
    return Option.getOrThrow(
      met.reduce<Option.Option<Row>>((row, event) => Numbers.projection.project(row, event), Option.none())
    )
  })
