/**
 * A journal in the memory of one process. Events are encoded when they are appended and decoded when they are read, so
 * that what works here works on a real storage; each append is one synchronous step.
 */
import { Chunk, Clock, type DateTime, Effect, Either, Option, Stream, SubscriptionRef } from "effect"
import type { EntityEvent, Metadata } from "../EntityEvent.js"
import type { Encoded, EventFormat } from "../EventFormat.js"
import { JournalError, VersionConflict } from "../JournalError.js"
import type { Offset } from "../Offset.js"
import * as StoredEvent from "../StoredEvent.js"
import * as Tagging from "../Tagging.js"
import type * as TaggingHistory from "../TaggingHistory.js"
import * as MemoryPartitions from "./journalMemoryPartitions.js"

/** What an append says beside its events: `Journal.AppendOptions`. */
interface Options {
  readonly metadata?: Metadata
  readonly lastId?: string | undefined
}

/** An event as it is handed over: its encoded form, and the tags beside its partition's. */
interface Tagged extends Encoded {
  readonly others: ReadonlyArray<Tagging.EventTag>
}

/** What an append reached: `Journal.Appended`. */
interface Appended {
  readonly sequence: number
  readonly position: Offset
  readonly lastId: string | undefined
}

interface Stored extends StoredEvent.StoredEvent, Tagged {
  readonly partition: Tagging.EventTag
}

/** All that is kept of a journal. A position is an index into the log plus one; readers wait for the length. */
interface Storage {
  readonly log: Array<Stored>
  readonly byKey: Map<string, Array<Stored>>
  readonly length: SubscriptionRef.SubscriptionRef<number>
  /** By the tagging's name. */
  readonly generations: Map<string, ReadonlyArray<TaggingHistory.Generation>>
}

/** A storage that is empty. */
export const storage: Effect.Effect<Storage> = Effect.map(SubscriptionRef.make(0), (length) => ({
  log: [],
  byKey: new Map(),
  length,
  generations: new Map()
}))

/** Readers get pages of this size at the most, as they would from a storage. */
const pageSize = 1000

/** The journal of a format, in a storage that journals of other formats may share. */
export const make = <E extends { readonly _tag: string }>(
  format: EventFormat<E>,
  tagging: Tagging.Tagging<E>,
  kept?: Storage
) =>
  Effect.gen(function* () {
    const { journal } = format
    const { byKey, generations, length, log } = kept ?? (yield* storage)
    const partitions = MemoryPartitions.make({ journal, tagging, generations, log })

    const pastChanged = (description: string) => new JournalError({ journal, reason: "PastChanged", description })

    const encodeOne = (key: string) =>
      Effect.fnUntraced(function* (event: E) {
        const encoded = yield* StoredEvent.encode(format, key, event)
        const others = yield* Either.mapLeft(Tagging.othersOf(tagging, event, key), (tag) => {
          const description = `an event of key ${JSON.stringify(key)} has the tag ${tag}, which is the tagging's own`
          return new JournalError({ journal, reason: "Unencodable", description })
        })
        return { ...encoded, others } satisfies Tagged
      })

    const append = Effect.fn(`${journal}.append`)(function* (
      key: string,
      expected: number,
      events: ReadonlyArray<E>,
      options: Options = {}
    ) {
      const encoded = yield* Effect.forEach(events, encodeOne(key))
      return yield* SubscriptionRef.modifyEffect(length, () =>
        Effect.map(Clock.currentTimeMillis, (now) => store(key, expected, encoded, options, now))
      ).pipe(Effect.uninterruptible, Effect.flatten)
    })

    /** One synchronous step: checks the head and stores all or nothing. Gives the length of the log, too. */
    const store = (
      key: string,
      expected: number,
      events: ReadonlyArray<Tagged>,
      { lastId, metadata = {} }: Options,
      now: number
    ): readonly [Either.Either<Appended, VersionConflict | JournalError>, number] => {
      const stream = byKey.get(key) ?? []
      if (lastId !== undefined && stream[expected - 1]?.id !== lastId) {
        const description = `event ${expected} of key ${JSON.stringify(key)} is no longer the one with the id ${lastId}`
        return [Either.left(pastChanged(description)), log.length]
      }
      if (stream.length !== expected) {
        return [Either.left(new VersionConflict({ key, expected, actual: stream.length })), log.length]
      }
      const partition = partitions.place(key, events.length)
      for (const event of events) {
        const stored: Stored = {
          ...event,
          partition,
          id: globalThis.crypto.randomUUID(),
          key,
          sequence: stream.length + 1,
          position: log.length + 1,
          timestamp: Math.max(now, log.at(-1)?.timestamp ?? now),
          metadata
        }
        log.push(stored)
        stream.push(stored)
      }
      byKey.set(key, stream)
      const last = events.length === 0 ? undefined : log.at(-1)
      const appended = { sequence: stream.length, position: last?.position ?? 0, lastId: last?.id }
      return [Either.right(appended), log.length]
    }

    /** The first page of a tag's events in (after, to]. */
    const pageOf = ({ matches }: MemoryPartitions.Reading, after: Offset, to: Offset): ReadonlyArray<Stored> => {
      const page: Array<Stored> = []
      for (let i = after; i < to && page.length < pageSize; i++) {
        const stored = log[i]
        if (stored !== undefined && matches(stored)) page.push(stored)
      }
      return page
    }

    type Page = Effect.Effect<Chunk.Chunk<EntityEvent<E>>, JournalError>
    /** Page after page, until one is empty: the next begins after the last event that was read. */
    const pages = (start: number, at: (event: EntityEvent<E>) => number, pageAfter: (after: number) => Page) =>
      Stream.unfoldChunkEffect(start, (after) =>
        Effect.map(pageAfter(after), (events) => Option.map(Chunk.last(events), (last) => [events, at(last)] as const))
      )
    const position = (event: EntityEvent<E>): Offset => event.position

    /** The next page of a tag, waited for. A partition may have ended meanwhile. */
    const livePage = (tag: Tagging.EventTag, after: Offset): Page =>
      Effect.flatMap(partitions.reading(tag), (reading) => {
        const scanned = Math.min(log.length, reading.end)
        const page = pageOf(reading, after, scanned)
        if (page.length > 0) return StoredEvent.decodePage(format, page)
        const longer = Stream.runHead(Stream.filter(length.changes, (_) => _ > scanned))
        return scanned === reading.end ? Effect.never : Effect.zipRight(longer, livePage(tag, Math.max(after, scanned)))
      })

    return {
      append,
      read: (key: string, from: number) =>
        Stream.suspend(() => {
          const events = (byKey.get(key) ?? []).slice()
          return pages(
            Math.max(0, from - 1),
            (event) => event.sequence,
            (after) => StoredEvent.decodePage(format, events.slice(after, after + pageSize))
          )
        }),
      eventsByTag: (tag: Tagging.EventTag, after: Offset) => pages(after, position, (from) => livePage(tag, from)),
      currentEventsByTag: (tag: Tagging.EventTag, after: Offset) =>
        Stream.unwrap(
          Effect.map(partitions.reading(tag), (reading) => {
            const end = Math.min(log.length, reading.end)
            return pages(after, position, (from) => StoredEvent.decodePage(format, pageOf(reading, from, end)))
          })
        ),
      head: (tag: Tagging.EventTag) =>
        Effect.map(partitions.reading(tag), ({ begin, end, matches }) =>
          Math.max(begin, log.slice(0, end).findLast(matches)?.position ?? 0)
        ),
      behind: (tag: Tagging.EventTag, after: Offset) =>
        Effect.map(partitions.reading(tag), (reading) => {
          const events = log.slice(after, reading.end).filter(reading.matches)
          return { events: events.length, since: Option.fromNullable(events[0]?.timestamp) }
        }),
      positionAt: (time: DateTime.Utc) =>
        Effect.sync(() => log.findLast(({ timestamp }) => timestamp <= time.epochMillis)?.position ?? 0),
      partitioning: partitions.partitioning,
      repartition: () => partitions.repartition
    }
  })
