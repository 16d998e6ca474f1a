/** Reading a journal's table: by key, by tag, and by tag without an end. */
import { type EntityEvent, type Journal, JournalError, type Offset, type Tagging } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { Chunk, type DateTime, type Duration, Effect, Either, Option, RcRef, type Scope, Stream } from "effect"
import * as array from "./binaryArray.js"
import { bridged } from "./bridged.js"
import type { Dedicated } from "./dedicated.js"
import { type Decoded, untilUndecodable } from "./eventCodec.js"
import { following } from "./following.js"
import * as Gathered from "./gathered.js"
import * as journalPartitions from "./journalPartitions.js"
import { otherPartitions } from "./journalPartitionSql.js"
import type { Row, TaggedRow } from "./journalRow.js"
import { type Statements, tagText } from "./journalStatements.js"
import * as JournalTail from "./journalTail.js"
import type { Hub } from "./notifications.js"
import type { Rows } from "./query.js"
import { reasonOf, sqlState } from "./sqlState.js"
import { statement } from "./statement.js"

/** A page is a chunk of the stream; it is decoded as one. */
const pageSize = 1000
/** The first page of a key is small, since those of so many keys are read together. */
const firstPageSize = 100
const keysTogether = 64
/** How many readings of first pages are on their way. */
const readingsAtOnce = 2

export const make = Effect.fnUntraced(function* <E>(options: {
  readonly journal: string
  readonly tagging: Pick<Tagging.Tagging, "name" | "partitions">
  readonly identity: string
  readonly sql: Statements
  /** Statements of readers of their own, on connections of the pool. */
  readonly rows: Rows
  /** The tail's statements. */
  readonly tail: Dedicated
  readonly decode: (page: ReadonlyArray<Row | TaggedRow>) => Effect.Effect<ReadonlyArray<Decoded<E>>>
  readonly hub: Hub
  readonly pollInterval: Duration.DurationInput
}): Effect.fn.Return<Omit<Journal.Journal<E>, "append">, never, Scope.Scope> {
  const { decode, journal, tagging } = options
  const sql = {
    between: statement(options.sql.between),
    byKey: statement(options.sql.byKey),
    byKeys: statement(options.sql.byKeys),
    byPartition: statement(options.sql.byPartition),
    byTag: statement(options.sql.byTag),
    head: statement(options.sql.head),
    headAt: statement(options.sql.headAt)
  }

  const unavailable = (cause: SqlError.SqlError) => {
    const reason = sqlState(cause) === otherPartitions ? "OtherPartitions" : "Unavailable"
    return new JournalError.JournalError({ journal, reason, description: reasonOf(cause), cause })
  }
  const repeated = <A>(read: Effect.Effect<A, SqlError.SqlError>) => Effect.mapError(bridged(read), unavailable)
  const query: <A extends ReadonlyArray<string | null>>(
    ...asked: Parameters<Rows>
  ) => Effect.Effect<ReadonlyArray<A>, JournalError.JournalError> = (asked, values) =>
    repeated(options.rows(asked, values))
  /** The tail asks one thing at a time; who joins it asks there, too. */
  const turn = yield* Effect.makeSemaphore(1)
  const ofTail = <A extends ReadonlyArray<string | null>>(...asked: Parameters<Dedicated["send"]>) =>
    repeated(
      Effect.flatMap(turn.withPermits(1)(options.tail.send(...asked)), (result) =>
        // what a statement selects is known to who wrote it
        result._tag === "Answered" ? Effect.succeed(result.rows as ReadonlyArray<A>) : Effect.fail(result.cause)
      )
    )

  const page = (...asked: Parameters<Rows>) => Effect.flatMap(query<Row>(...asked), decode)
  /** Entities wake in crowds: when a node has started, or another one has gone. */
  const firstPage = yield* Gathered.make({
    most: keysTogether,
    atOnce: readingsAtOnce,
    ask: (asked: ReadonlyArray<{ readonly key: string; readonly after: number }>) => {
      const [first] = asked
      if (first !== undefined && asked.length === 1) {
        return Effect.map(query<Row>(sql.byKey, [first.key, first.after, firstPageSize]), (rows) => [rows])
      }
      const keys = array.texts(asked.map(({ key }) => key))
      const after = array.bigints(asked.map((one) => one.after))
      return Effect.map(query<Row>(sql.byKeys, [keys, after, firstPageSize]), (rows) => {
        const found = new Map(asked.map(({ key }): [string, Array<Row>] => [key, []]))
        for (const row of rows) found.get(row[1])?.push(row)
        return [...found.values()]
      })
    }
  })
  const pageOfKey = (key: string, after: number) => page(sql.byKey, [key, after, pageSize])
  const beginningOfKey = (key: string, after: number): Effect.Effect<Page<E>, JournalError.JournalError> =>
    isOdd(key) || !Number.isSafeInteger(after)
      ? paged(pageOfKey(key, after), pageSize)
      : paged(Effect.flatMap(firstPage({ key, after }), decode), firstPageSize)
  const partitions = journalPartitions.make({ journal, tagging, sql: options.sql, ask: query })
  /** Interrupted, it would take the connection with it that is the tail's. */
  const aside = <A extends ReadonlyArray<string | null>>(...asked: Parameters<Dedicated["send"]>) =>
    Effect.disconnect(Effect.uninterruptible(ofTail<A>(...asked)))
  const live = journalPartitions.make({ journal, tagging, sql: options.sql, ask: aside })
  /** A page of a tag as it stands in the rows. */
  const pageOfTag = (tag: Tagging.EventTag, after: Offset.Offset, to: Offset.Offset) =>
    tag.name === tagging.name
      ? page(sql.byPartition, [tag.name, tag.partition, after, to, pageSize])
      : page(sql.byTag, [tagText(tag), tag.name, tag.partition, after, to, pageSize])

  const headOf = (...asked: Parameters<Rows>) =>
    Effect.map(query<readonly [string]>(...asked), ([row]) => Number(row?.[0] ?? 0))
  const head = ({ begin, head: asked }: journalPartitions.Reading) =>
    Effect.map(headOf(...asked), (found) => Math.max(begin, found))

  const tail = yield* JournalTail.make<E>({
    journal,
    pageSize,
    pollInterval: options.pollInterval,
    page: pageOfTag,
    decode,
    head: (anchor) =>
      Effect.map(ofTail<readonly [string, string | null, string | null]>(sql.head, [anchor]), ([row]) => ({
        head: Number(row?.[0] ?? 0),
        id: row?.[1] ?? null,
        anchor: row?.[2] ?? null
      })),
    between: (from, to, tags, limit) =>
      ofTail<TaggedRow>(sql.between, [
        from,
        to,
        array.texts([...new Set(tags.map(({ name }) => name))]),
        array.integers([...new Set(tags.map(({ partition }) => partition))]),
        array.texts(tags.map(tagText)),
        limit
      ])
  })
  /** Notifications, while there are live readers. */
  const notified = yield* RcRef.make({
    acquire: options.hub.subscribe(options.identity, (said) => tail.told(positionIn(said)))
  })

  /**
   * Page after page from `start` on, until one is not full; `at` is what the next page begins after.
   */
  const pages = (
    start: number,
    at: (event: EntityEvent.EntityEvent<E>) => number,
    read: (after: number) => Effect.Effect<Page<E>, JournalError.JournalError>
  ) =>
    Stream.paginateChunkEffect(start, (after) =>
      Effect.flatMap(read(after), ({ found, full }) =>
        Either.map(untilUndecodable(found), (events) => {
          const last = !full && Chunk.size(events) === found.length
          return [events, last ? Option.none() : Option.map(Chunk.last(events), at)] as const
        })
      )
    )

  const position = (event: EntityEvent.EntityEvent<E>) => event.position
  /** What there is of a tag after a position, up to another. */
  const upTo = (pieces: ReadonlyArray<journalPartitions.Piece>, after: Offset.Offset, end: Offset.Offset) =>
    Stream.flatMap(Stream.fromIterable(pieces), (piece) => {
      const to = Math.min(end, piece.to ?? end)
      const begin = Math.max(after, piece.after)
      return begin >= to
        ? Stream.empty
        : pages(begin, position, (from) => paged(page(...piece.page(from, to, pageSize)), pageSize))
    })

  /** How many events a piece has after a position, and when the first was stored. */
  const countIn = (piece: journalPartitions.Piece, after: Offset.Offset) => {
    const begin = Math.max(after, piece.after)
    const end = piece.to ?? Number.MAX_SAFE_INTEGER
    if (begin >= end) return Effect.succeed({ events: 0, since: Option.none() })
    const [asked, values] = piece.page(begin, end, Number.MAX_SAFE_INTEGER)
    return Effect.map(
      query<readonly [string, string | null]>(statement(options.sql.countOf(asked.text)), values),
      ([row]): Journal.Behind => ({
        events: Number(row?.[0] ?? 0),
        since: Option.map(Option.fromNullable(row?.[1]), Number)
      })
    )
  }

  return {
    behind: (tag, after) =>
      Effect.map(
        Effect.flatMap(partitions.reading(tag), ({ pieces }) =>
          Effect.forEach(pieces, (piece) => countIn(piece, after))
        ),
        (counts) => ({
          events: counts.reduce((sum, { events }) => sum + events, 0),
          since: Option.firstSomeOf(counts.map(({ since }) => since))
        })
      ),
    head: (tag) => Effect.flatMap(partitions.reading(tag), head),
    positionAt: (time: DateTime.Utc) => headOf(sql.headAt, [time.epochMillis]),
    partitioning: partitions.partitioning,
    repartition: partitions.repartition,
    read: (key, from) => {
      const start = Math.max(0, from - 1)
      return pages(
        start,
        (event) => event.sequence,
        (after) => (after === start ? beginningOfKey(key, after) : paged(pageOfKey(key, after), pageSize))
      )
    },
    eventsByTag: (tag, after) =>
      Stream.unwrapScoped(
        Effect.gen(function* () {
          yield* tail.open
          yield* RcRef.get(notified)
          const { begin, live: stored, pieces } = yield* live.reading(tag)
          if (stored === undefined) return Stream.concat(upTo(pieces, after, Number.MAX_SAFE_INTEGER), Stream.never)
          const next = yield* tail.join(stored)
          // what is before the newest partitions is complete: nothing is stored there any more
          const before = begin > after ? upTo(pieces, after, begin) : Stream.empty
          return Stream.concat(before, following(Math.max(after, begin), next))
        })
      ),
    currentEventsByTag: (tag, after) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const reading = yield* partitions.reading(tag)
          return upTo(reading.pieces, after, yield* head(reading))
        })
      )
  }
})

/** What the server refuses, or knows by another name (half a surrogate pair): it is asked for alone, as is what is no number. */
const isOdd = (key: string): boolean => /[\0\p{Surrogate}]/u.test(key)

/** Events that were found, and whether there may be more. */
interface Page<E> {
  readonly found: ReadonlyArray<Decoded<E>>
  readonly full: boolean
}

const paged = <E, X>(found: Effect.Effect<ReadonlyArray<Decoded<E>>, X>, size: number): Effect.Effect<Page<E>, X> =>
  Effect.map(found, (all) => ({ found: all, full: all.length >= size }))

/** What a notification of the append function says; an older version of it names partitions instead. */
const positionIn = (said: string | undefined): Offset.Offset | undefined => {
  const position = said?.startsWith("@") === true ? Number(said.slice(1)) : Number.NaN
  return Number.isSafeInteger(position) ? position : undefined
}
