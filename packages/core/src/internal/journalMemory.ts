/**
 * A journal in the memory of one process. Events are encoded when they are appended and decoded when they are read, so
 * that what works here works on a real storage; each append is one synchronous step.
 */
import { Chunk, Clock, Effect, Either, Option, Schema, Stream, SubscriptionRef } from "effect"
import type { EntityEvent, Metadata } from "../EntityEvent.js"
import { JournalError, VersionConflict } from "../JournalError.js"
import type { Offset } from "../Offset.js"
import type { EventTag, Tagging } from "../Tagging.js"

interface Stored<I> extends Omit<EntityEvent<unknown>, "event"> {
  readonly tag: EventTag
  readonly type: string
  readonly encoded: I
}

/** Readers get pages of this size at the most, as they would from a storage. */
const pageSize = 1000

export const make = <E extends { readonly _tag: string }, I>(definition: {
  readonly label: string
  readonly event: Schema.Schema<E, I>
  readonly tagging: Tagging
}) =>
  Effect.gen(function* () {
    const journal = definition.label
    const encode = Schema.encode(definition.event)
    const decode = Schema.decode(definition.event)
    const log: Array<Stored<I>> = []
    const byKey = new Map<string, Array<Stored<I>>>()
    const length = yield* SubscriptionRef.make(0)

    const encodeOne = (event: E) => Effect.map(encode(event), (encoded) => ({ type: event._tag, encoded }))

    const append = Effect.fn(`${journal}.append`)(function* (
      key: string,
      expected: number,
      events: ReadonlyArray<E>,
      metadata: Metadata = {}
    ) {
      const encoded = yield* Effect.mapError(Effect.forEach(events, encodeOne), (cause) => {
        const description = `an event of key ${JSON.stringify(key)} does not encode: ${cause.message}`
        return new JournalError({ journal, reason: "Unencodable", description, cause })
      })
      return yield* SubscriptionRef.modifyEffect(length, () =>
        Effect.map(Clock.currentTimeMillis, (now) => store(key, expected, encoded, metadata, now))
      ).pipe(Effect.uninterruptible, Effect.flatten)
    })

    /** One synchronous step: checks the head and stores all or nothing. Gives the length of the log, too. */
    const store = (
      key: string,
      expected: number,
      events: ReadonlyArray<Pick<Stored<I>, "type" | "encoded">>,
      metadata: Metadata,
      now: number
    ): readonly [Either.Either<{ sequence: number; position: Offset }, VersionConflict>, number] => {
      const stream = byKey.get(key) ?? []
      if (stream.length !== expected) {
        return [Either.left(new VersionConflict({ key, expected, actual: stream.length })), log.length]
      }
      for (const event of events) {
        const stored: Stored<I> = {
          ...event,
          id: globalThis.crypto.randomUUID(),
          key,
          sequence: stream.length + 1,
          position: log.length + 1,
          timestamp: Math.max(now, log.at(-1)?.timestamp ?? now),
          metadata,
          tag: definition.tagging.tagOf(key)
        }
        log.push(stored)
        stream.push(stored)
      }
      byKey.set(key, stream)
      return [Either.right({ sequence: stream.length, position: events.length === 0 ? 0 : log.length }), log.length]
    }

    const decodeOne = ({ encoded, tag: _, type, ...place }: Stored<I>) =>
      Effect.mapBoth(decode(encoded), {
        onFailure: (cause) => {
          const { key, position } = place
          const description = `the event ${type} at position ${position} of key ${JSON.stringify(key)} does not decode`
          return new JournalError({ journal, reason: "Undecodable", description, cause })
        },
        onSuccess: (event): EntityEvent<E> => ({ ...place, event })
      })
    const decodePage = (page: ReadonlyArray<Stored<I>>) =>
      Effect.map(Effect.forEach(page, decodeOne), Chunk.unsafeFromArray)

    const isOf = (tag: EventTag) => (stored: Stored<I>) =>
      stored.tag.name === tag.name && stored.tag.partition === tag.partition
    /** The first page of a tag's events in (after, to]: a position is an index into the log plus one. */
    const pageOf = (tag: EventTag, after: Offset, to: Offset): ReadonlyArray<Stored<I>> => {
      const page: Array<Stored<I>> = []
      const matches = isOf(tag)
      for (let i = after; i < to && page.length < pageSize; i++) {
        const stored = log[i]
        if (stored !== undefined && matches(stored)) page.push(stored)
      }
      return page
    }
    const lastOf = (page: ReadonlyArray<Stored<I>>, fallback: Offset): Offset => page.at(-1)?.position ?? fallback

    const livePage = (
      tag: EventTag,
      after: Offset
    ): Effect.Effect<readonly [Chunk.Chunk<EntityEvent<E>>, Offset], JournalError> =>
      Effect.suspend(() => {
        const scanned = log.length
        const page = pageOf(tag, after, scanned)
        if (page.length > 0) return Effect.map(decodePage(page), (events) => [events, lastOf(page, after)] as const)
        const longer = Stream.runHead(Stream.filter(length.changes, (_) => _ > scanned))
        return Effect.zipRight(longer, livePage(tag, Math.max(after, scanned)))
      })

    return {
      append,
      read: (key: string, from: number) =>
        Stream.suspend(() => {
          const events = (byKey.get(key) ?? []).slice(Math.max(0, from - 1))
          return Stream.mapChunksEffect(Stream.fromIterable(events), (chunk) =>
            decodePage(Chunk.toReadonlyArray(chunk))
          )
        }),
      eventsByTag: (tag: EventTag, after: Offset) =>
        Stream.unfoldChunkEffect(after, (from) => Effect.map(livePage(tag, from), Option.some)),
      currentEventsByTag: (tag: EventTag, after: Offset) =>
        Stream.suspend(() => {
          const end = log.length
          return Stream.unfoldChunkEffect(after, (from) => {
            const page = pageOf(tag, from, end)
            return page.length === 0
              ? Effect.succeedNone
              : Effect.map(decodePage(page), (events) => Option.some([events, lastOf(page, from)] as const))
          })
        }),
      head: (tag: EventTag) => Effect.sync(() => log.findLast(isOf(tag))?.position ?? 0)
    }
  })
