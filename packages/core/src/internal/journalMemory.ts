/**
 * A journal in the memory of one process. Events are encoded when they are appended and decoded when they are read, so
 * that what works here works on a real storage; each append is one synchronous step.
 */
import { Chunk, Clock, type DateTime, Effect, Either, Option, Schema, Stream, SubscriptionRef } from "effect"
import type { EntityEvent, Metadata } from "../EntityEvent.js"
import { JournalError, VersionConflict } from "../JournalError.js"
import type { Offset } from "../Offset.js"
import * as Tagging from "../Tagging.js"

/** What an append says beside its events: `Journal.AppendOptions`. */
interface Options {
  readonly metadata?: Metadata
  readonly lastId?: string | undefined
}

/** An event as it is handed over: its type, its encoded form, and all its tags. */
interface Encoded<I> {
  readonly tags: ReadonlyArray<Tagging.EventTag>
  readonly type: string
  readonly encoded: I
}

/** What an append reached: `Journal.Appended`. */
interface Appended {
  readonly sequence: number
  readonly position: Offset
  readonly lastId: string | undefined
}

interface Stored<I> extends Omit<EntityEvent<unknown>, "event">, Encoded<I> {}

/** Readers get pages of this size at the most, as they would from a storage. */
const pageSize = 1000

export const make = <E extends { readonly _tag: string }, I>(definition: {
  readonly label: string
  readonly event: Schema.Schema<E, I>
  readonly tagging: Tagging.Tagging<E>
}) =>
  Effect.gen(function* () {
    const journal = definition.label
    const encode = Schema.encode(definition.event)
    const decode = Schema.decode(definition.event)
    const log: Array<Stored<I>> = []
    const byKey = new Map<string, Array<Stored<I>>>()
    const length = yield* SubscriptionRef.make(0)

    const unencodable = (key: string, why: string, cause?: unknown) => {
      const description = `an event of key ${JSON.stringify(key)} does not encode: ${why}`
      return new JournalError({ journal, reason: "Unencodable", description, cause })
    }
    const pastChanged = (description: string) => new JournalError({ journal, reason: "PastChanged", description })

    const encodeOne = (key: string) =>
      Effect.fnUntraced(function* (event: E) {
        const encoded = yield* Effect.mapError(encode(event), (cause) => unencodable(key, cause.message, cause))
        const others = yield* Either.mapLeft(Tagging.othersOf(definition.tagging, event, key), (tag) =>
          unencodable(key, `the tag ${tag} has the name of the tagging`)
        )
        const tags = [definition.tagging.tagOf(key), ...others]
        return { type: event._tag, encoded, tags } satisfies Encoded<I>
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
      events: ReadonlyArray<Encoded<I>>,
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
      for (const event of events) {
        const stored: Stored<I> = {
          ...event,
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

    const decodeOne = ({ encoded, tags: _, type, ...place }: Stored<I>) =>
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

    const isOf = (tag: Tagging.EventTag) => (stored: Stored<I>) => stored.tags.some((one) => Tagging.isSame(one, tag))
    /** The first page of a tag's events in (after, to]: a position is an index into the log plus one. */
    const pageOf = (tag: Tagging.EventTag, after: Offset, to: Offset): ReadonlyArray<Stored<I>> => {
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
      tag: Tagging.EventTag,
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
      eventsByTag: (tag: Tagging.EventTag, after: Offset) =>
        Stream.unfoldChunkEffect(after, (from) => Effect.map(livePage(tag, from), Option.some)),
      currentEventsByTag: (tag: Tagging.EventTag, after: Offset) =>
        Stream.suspend(() => {
          const end = log.length
          return Stream.unfoldChunkEffect(after, (from) => {
            const page = pageOf(tag, from, end)
            return page.length === 0
              ? Effect.succeedNone
              : Effect.map(decodePage(page), (events) => Option.some([events, lastOf(page, from)] as const))
          })
        }),
      head: (tag: Tagging.EventTag) => Effect.sync(() => log.findLast(isOf(tag))?.position ?? 0),
      positionAt: (time: DateTime.Utc) =>
        Effect.sync(() => log.findLast(({ timestamp }) => timestamp <= time.epochMillis)?.position ?? 0)
    }
  })
