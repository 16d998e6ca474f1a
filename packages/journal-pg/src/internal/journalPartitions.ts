/**
 * Where a partition of a journal's tagging stands in its table. What is known of its generations is asked each time that
 * a reader begins: a partition may have come about since, or ended.
 */
import { type Journal, JournalError, type Offset, Tagging, TaggingHistory } from "@aecor/core"
import { Effect } from "effect"
import { type Statements, tagText } from "./journalStatements.js"
import { type Statement, statement } from "./statement.js"

/** A piece of what a tag's reader gets, and how a page of it is asked for. */
export interface Piece {
  readonly after: Offset.Offset
  readonly to: Offset.Offset | undefined
  readonly page: (
    after: Offset.Offset,
    to: Offset.Offset,
    limit: number
  ) => readonly [Statement, ReadonlyArray<unknown>]
}

/** How a tag is read: piece by piece, and live under which tag of the rows; undefined where it has ended. */
export interface Reading {
  readonly pieces: ReadonlyArray<Piece>
  readonly live: Tagging.EventTag | undefined
  /** The last event of the tag's rows, and the least that its head is. */
  readonly head: readonly [Statement, ReadonlyArray<unknown>]
  readonly begin: Offset.Offset
}

export type GenerationRow = readonly [partitions: string, first: string, since: string]

export const toGeneration = ([partitions, first, since]: GenerationRow): TaggingHistory.Generation => ({
  partitions: Number(partitions),
  first: Number(first),
  since: Number(since)
})

type Ask = <A extends ReadonlyArray<string | null>>(
  asked: Statement,
  values: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<A>, JournalError.JournalError>

export const make = (options: {
  readonly journal: string
  readonly tagging: Pick<Tagging.Tagging, "name" | "partitions">
  readonly sql: Statements
  readonly ask: Ask
}) => {
  const { ask, journal, tagging } = options
  const { name, partitions } = tagging
  const sql = {
    byPartition: statement(options.sql.byPartition),
    byHash: statement(options.sql.byHash),
    byTag: statement(options.sql.byTag),
    generations: statement(options.sql.generations),
    headOfPartition: statement(options.sql.headOfPartition),
    headOfTag: statement(options.sql.headOfTag),
    lastOfEach: statement(options.sql.lastOfEach),
    repartition: statement(options.sql.repartition)
  }
  const generations = Effect.map(ask<GenerationRow>(sql.generations, [name]), (rows) => rows.map(toGeneration))

  const numbered = (number: number): Pick<Piece, "page"> => ({
    page: (after, to, limit) => [sql.byPartition, [name, number, after, to, limit]]
  })
  const hashed = (partition: number): Pick<Piece, "page"> => ({
    page: (after, to, limit) => [sql.byHash, [name, partition, partitions, after, to, limit]]
  })

  const reading = (tag: Tagging.EventTag): Effect.Effect<Reading, JournalError.JournalError> => {
    if (tag.name !== name) {
      const values = [tagText(tag), tag.name, tag.partition]
      const page: Piece["page"] = (after, to, limit) => [sql.byTag, [...values, after, to, limit]]
      return Effect.succeed({
        pieces: [{ after: 0, to: undefined, page }],
        live: tag,
        head: [sql.headOfTag, values],
        begin: 0
      })
    }
    const parts: Effect.Effect<ReadonlyArray<TaggingHistory.Part>, JournalError.JournalError> = partitions === undefined
      ? Effect.succeed([{ after: 0, to: undefined, number: tag.partition }])
      : Effect.flatMap(generations, (_) => TaggingHistory.partsOf(journal, _, partitions, tag.partition))
    return Effect.map(parts, (found) => {
      const last = found.at(-1)
      const number = last?.number ?? tag.partition
      return {
        pieces: found.map(({ after, number: its, to }) => ({
          after,
          to,
          ...(its === undefined ? hashed(tag.partition) : numbered(its))
        })),
        live: last?.to === undefined && number >= 0 ? Tagging.tag(name, number) : undefined,
        head: [sql.headOfPartition, [name, number]],
        begin: last?.after ?? 0
      }
    })
  }

  const partitioning: Journal.Journal<unknown>["partitioning"] = Effect.gen(function* () {
    const [newest, before] = (yield* generations).toReversed()
    if (newest === undefined) return { partitions: 0, since: 0, before: [] }
    if (before === undefined) return { partitions: newest.partitions, since: 0, before: [] }
    const values = [name, before.partitions, before.first, before.since, newest.since]
    const last = yield* ask<readonly [string]>(sql.lastOfEach, values)
    return { partitions: newest.partitions, since: newest.since, before: last.map(([position]) => Number(position)) }
  })

  const repartition: Journal.Journal<unknown>["repartition"] = Effect.fn("PgJournal.repartition")(function* (from) {
    if (partitions === undefined) {
      const description = "its tagging is not by a stable hash of the key"
      return yield* new JournalError.JournalError({ journal, reason: "OtherPartitions", description })
    }
    yield* ask(sql.repartition, [name, partitions, from ?? null])
    return yield* partitioning
  })

  return { reading, partitioning, repartition }
}
