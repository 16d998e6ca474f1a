/** Reading a journal's table: by key, by tag, and by tag without an end. */
import { type EntityEvent, JournalError, type Offset, type Tagging } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { Chunk, type DateTime, type Duration, Effect, Option, Schedule, Stream } from "effect"
import { fromRow, type Row, type Stored } from "./journalRow.js"
import type { statements } from "./journalSql.js"
import { meaning, reasonOf } from "./sqlState.js"
import type { Hub } from "./notifications.js"
import * as Wakeups from "./wakeups.js"

/** A page is a chunk of the stream; it is decoded as one. */
const pageSize = 1000
const noEnd = "9223372036854775807"

/** A read may be repeated: a connection that died, or a server that restarts, is bridged for about a second and a half. */
const bridged = Schedule.intersect(Schedule.exponential("50 millis"), Schedule.recurs(5))

export const make = Effect.fnUntraced(function* <E>(options: {
  readonly journal: string
  readonly identity: string
  readonly sql: ReturnType<typeof statements>
  readonly query: <A extends object>(
    statement: string,
    parameters?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<A>, SqlError.SqlError>
  readonly decode: (
    page: ReadonlyArray<Stored>
  ) => Effect.Effect<Chunk.Chunk<EntityEvent.EntityEvent<E>>, JournalError.JournalError>
  readonly hub: Hub
  readonly pollInterval: Duration.DurationInput
}) {
  const { journal, sql } = options

  const unavailable = (cause: SqlError.SqlError) =>
    new JournalError.JournalError({ journal, reason: "Unavailable", description: reasonOf(cause), cause })
  const query = <A extends object>(statement: string, parameters?: ReadonlyArray<unknown>) =>
    options
      .query<A>(statement, parameters)
      .pipe(
        Effect.retry({ schedule: bridged, while: (cause) => ["Lost", "Passing"].includes(meaning(cause)) }),
        Effect.mapError(unavailable)
      )

  const page = (statement: string, parameters: ReadonlyArray<unknown>) =>
    Effect.flatMap(query<Row>(statement, [...parameters, pageSize]), (rows) => options.decode(rows.map(fromRow)))
  const pageOfKey = (key: string, after: number) => page(sql.byKey, [key, after])
  const pageOfTag = (tag: Tagging.EventTag, after: Offset.Offset, end: Offset.Offset | typeof noEnd) =>
    page(sql.byTag, [tag.name, tag.partition, after, end])

  const headOf = (statement: string, parameters: ReadonlyArray<unknown>) =>
    Effect.map(query<{ readonly head: string }>(statement, parameters), ([row]) => Number(row?.head ?? 0))
  const head = (tag: Tagging.EventTag) => headOf(sql.headOfTag, [tag.name, tag.partition])

  const wakeups = Wakeups.make()
  yield* options.hub.subscribe(options.identity, (said) => wakeups.wake(said?.split(",").map(Number)))

  /** One poll for all readers that wait: it wakes them when the journal has grown since the last one. */
  let polled = 0
  const poll = Effect.gen(function* () {
    if (wakeups.waiting() === 0) return
    const now = yield* headOf(sql.head, [])
    if (now > polled) wakeups.wake()
    polled = now
  }).pipe(
    Effect.catchAll((cause) => Effect.logDebug(`${journal}: no poll`, cause)),
    Effect.delay(options.pollInterval),
    Effect.forever,
    Effect.withTracerEnabled(false)
  )
  yield* Effect.forkScoped(poll)

  /** The next page of a tag, waited for. */
  const livePage: (
    tag: Tagging.EventTag,
    after: Offset.Offset
  ) => Effect.Effect<Chunk.Chunk<EntityEvent.EntityEvent<E>>, JournalError.JournalError> = Effect.fnUntraced(
    function* (tag, after) {
      while (true) {
        const ticket = wakeups.ticket(tag.partition)
        const events = yield* pageOfTag(tag, after, noEnd)
        if (Chunk.isNonEmpty(events)) return events
        yield* wakeups.changed(tag.partition, ticket)
      }
    }
  )

  /** Page after page from `start` on, until one is empty; `at` is what the next page begins after. */
  const pages = (
    start: number,
    at: (event: EntityEvent.EntityEvent<E>) => number,
    read: (after: number) => Effect.Effect<Chunk.Chunk<EntityEvent.EntityEvent<E>>, JournalError.JournalError>
  ) =>
    Stream.unfoldChunkEffect(start, (after) =>
      Effect.map(read(after), (events) => Option.map(Chunk.last(events), (last) => [events, at(last)] as const))
    )
  const position = (event: EntityEvent.EntityEvent<E>) => event.position

  return {
    head,
    positionAt: (time: DateTime.Utc) => headOf(sql.headAt, [time.epochMillis]),
    read: (key: string, from: number) =>
      pages(
        Math.max(0, from - 1),
        (event) => event.sequence,
        (after) => pageOfKey(key, after)
      ),
    eventsByTag: (tag: Tagging.EventTag, after: Offset.Offset) => pages(after, position, (from) => livePage(tag, from)),
    currentEventsByTag: (tag: Tagging.EventTag, after: Offset.Offset) =>
      Stream.unwrap(Effect.map(head(tag), (end) => pages(after, position, (from) => pageOfTag(tag, from, end))))
  }
})
