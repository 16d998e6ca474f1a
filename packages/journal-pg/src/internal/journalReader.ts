/** Reading a journal's table: by key, by tag, and by tag without an end. */
import { type EntityEvent, type Journal, JournalError, type Offset, type Tagging } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { Chunk, type DateTime, type Duration, Effect, Either, Option, RcRef, type Scope, Stream } from "effect"
import * as array from "./binaryArray.js"
import { bridged } from "./bridged.js"
import type { Dedicated } from "./dedicated.js"
import { type Decoded, untilUndecodable } from "./eventCodec.js"
import type { Row, TaggedRow } from "./journalRow.js"
import { type Statements, tagText } from "./journalStatements.js"
import * as JournalTail from "./journalTail.js"
import type { Hub } from "./notifications.js"
import type { Rows } from "./query.js"
import { reasonOf } from "./sqlState.js"
import { statement } from "./statement.js"

/** A page is a chunk of the stream; it is decoded as one. */
const pageSize = 1000

export const make = Effect.fnUntraced(function* <E>(options: {
  readonly journal: string
  readonly tagging: string
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
    byPartition: statement(options.sql.byPartition),
    byTag: statement(options.sql.byTag),
    head: statement(options.sql.head),
    headAt: statement(options.sql.headAt),
    headOfPartition: statement(options.sql.headOfPartition),
    headOfTag: statement(options.sql.headOfTag)
  }

  const unavailable = (cause: SqlError.SqlError) =>
    new JournalError.JournalError({ journal, reason: "Unavailable", description: reasonOf(cause), cause })
  const repeated = <A>(read: Effect.Effect<A, SqlError.SqlError>) => Effect.mapError(bridged(read), unavailable)
  const query: <A extends ReadonlyArray<string | null>>(
    ...asked: Parameters<Rows>
  ) => Effect.Effect<ReadonlyArray<A>, JournalError.JournalError> = (asked, values) =>
    repeated(options.rows(asked, values))
  const ofTail = <A extends ReadonlyArray<string | null>>(...asked: Parameters<Dedicated["send"]>) =>
    repeated(
      Effect.flatMap(options.tail.send(...asked), (result) =>
        // what a statement selects is known to who wrote it
        result._tag === "Answered" ? Effect.succeed(result.rows as ReadonlyArray<A>) : Effect.fail(result.cause)
      )
    )

  const page = (...asked: Parameters<Rows>) => Effect.flatMap(query<Row>(...asked), decode)
  const pageOfKey = (key: string, after: number) => page(sql.byKey, [key, after, pageSize])
  const isPartition = (tag: Tagging.EventTag) => tag.name === tagging
  const pageOfTag = (tag: Tagging.EventTag, after: Offset.Offset, to: Offset.Offset) =>
    isPartition(tag)
      ? page(sql.byPartition, [tag.name, tag.partition, after, to, pageSize])
      : page(sql.byTag, [tagText(tag), tag.name, tag.partition, after, to, pageSize])

  const headOf = (...asked: Parameters<Rows>) =>
    Effect.map(query<readonly [string]>(...asked), ([row]) => Number(row?.[0] ?? 0))
  const head = (tag: Tagging.EventTag) =>
    isPartition(tag)
      ? headOf(sql.headOfPartition, [tag.name, tag.partition])
      : headOf(sql.headOfTag, [tagText(tag), tag.name, tag.partition])

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
    read: (after: number) => Effect.Effect<ReadonlyArray<Decoded<E>>, JournalError.JournalError>
  ) =>
    Stream.paginateChunkEffect(start, (after) =>
      Effect.flatMap(read(after), (found) =>
        Either.map(untilUndecodable(found), (events) => {
          const last = found.length < pageSize && Chunk.size(events) === found.length
          return [events, last ? Option.none() : Option.map(Chunk.last(events), at)] as const
        })
      )
    )

  return {
    head,
    positionAt: (time: DateTime.Utc) => headOf(sql.headAt, [time.epochMillis]),
    read: (key, from) =>
      pages(
        Math.max(0, from - 1),
        (event) => event.sequence,
        (after) => pageOfKey(key, after)
      ),
    eventsByTag: (tag, after) =>
      Stream.unwrapScoped(
        Effect.map(Effect.zipLeft(tail.join(tag), RcRef.get(notified)), (next) =>
          Stream.unfoldChunkEffect(after, (from) => Effect.map(next(from), Option.some))
        )
      ),
    currentEventsByTag: (tag, after) =>
      Stream.unwrap(
        Effect.map(head(tag), (end) =>
          pages(
            after,
            (event) => event.position,
            (from) => pageOfTag(tag, from, end)
          )
        )
      )
  }
})

/** What a notification of the append function says; an older version of it names partitions instead. */
const positionIn = (said: string | undefined): Offset.Offset | undefined => {
  const position = said?.startsWith("@") === true ? Number(said.slice(1)) : Number.NaN
  return Number.isSafeInteger(position) ? position : undefined
}
