/**
 * Trying again a key that an at-least-once projection has set aside: its events are handled in their order, from the one
 * that failed to the last that was passed over. What comes after is the process's.
 */
import type { EntityEvent, Journal, JournalError, OffsetStore, Quarantine } from "@aecor/core"
import { type Context, Effect, Either, Option, Stream } from "effect"
import type { EventFailed } from "../ProjectionError.js"
import { failureOf } from "./fold.js"

type Store = Context.Tag.Service<OffsetStore.OffsetStore>

/**
 * Goes on with what was passed over meanwhile, until nothing was. After a crash it begins again with the event that the
 * list says: what was handled in between is handled again, as after any crash.
 */
export const retryHandle =
  <E extends { readonly _tag: string }, R>(source: {
    readonly journal: Pick<Journal.Journal<E>, "read">
    readonly settle: Store["settle"]
    readonly quarantined: Store["quarantined"]
    readonly handle: (event: EntityEvent.EntityEvent<E>) => Effect.Effect<void, EventFailed, R>
  }) =>
  (
    seen: Quarantine.Entry
  ): Effect.Effect<Quarantine.Outcome, OffsetStore.OffsetStoreError | JournalError.JournalError, R> =>
    Effect.gen(function* () {
      const { quarantined, settle } = source
      let entry = seen
      let next = seen.sequence
      while (true) {
        const failure = yield* handleUpTo(source, entry, next)
        const outcome = yield* settle({ entry, reached: entry.last, failure })
        if (outcome !== "Behind") return outcome
        next = entry.last + 1
        const now = (yield* quarantined(entry.consumer.name)).find((one) => isSame(one, entry))
        if (now === undefined) return "Gone"
        entry = now
      }
    })

const isSame = (one: Quarantine.Entry, other: Quarantine.Entry): boolean =>
  one.key === other.key &&
  one.consumer.tag.name === other.consumer.tag.name &&
  one.consumer.tag.partition === other.consumer.tag.partition &&
  one.attempts === other.attempts

/** Handles the events from a sequence on to the last one that waits; gives the one that failed, if one did. */
const handleUpTo = <E extends { readonly _tag: string }, R>(
  {
    handle,
    journal
  }: {
    readonly journal: Pick<Journal.Journal<E>, "read">
    readonly handle: (event: EntityEvent.EntityEvent<E>) => Effect.Effect<void, EventFailed, R>
  },
  entry: Quarantine.Entry,
  from: number
): Effect.Effect<Option.Option<Quarantine.Failure>, JournalError.JournalError, R> =>
  journal.read(entry.key, from).pipe(
    Stream.takeWhile(({ sequence }) => sequence <= entry.last),
    Stream.mapEffect((event) =>
      Effect.map(Effect.either(handle(event)), (outcome) =>
        Option.map(Either.getLeft(outcome), (error) => failureOf(event, error))
      )
    ),
    Stream.filterMap((failure) => failure),
    Stream.runHead,
    Effect.catchIf(
      (error) => error.reason === "Undecodable",
      // an event that cannot be read is a failure of its key
      (error) => Effect.succeedSome({ ...entry, cause: error.message })
    )
  )
