/**
 * Loading an entity: its events from the journal, chunk by chunk, or those after a snapshot.
 *
 * The event that a snapshot goes up to is read again and compared by its id: a snapshot of a past that the journal does
 * not have (any more), or on which its events cannot follow, counts for nothing.
 */
import { Chunk, Data, Effect, Option } from "effect"
import type { EntityEvent } from "../EntityEvent.js"
import type { Fold } from "../Fold.js"
import type { Journal } from "../Journal.js"
import type { JournalError } from "../JournalError.js"
import { eachChunk } from "./eachChunk.js"
import { advance, beginning, type Loaded } from "./loaded.js"
import type { Snapshots } from "./snapshots.js"

/** Why a snapshot cannot be used. */
class Unusable extends Data.TaggedError("Unusable")<{ readonly why: string }> {}

interface Options<S, E> {
  readonly entity: string
  readonly key: string
  readonly journal: Journal<E>
  readonly fold: Fold<S, E>
  readonly snapshots: Snapshots<S> | undefined
}

/** All events. */
const fromBeginning = <S, E>({ fold, journal, key }: Options<S, E>): Effect.Effect<Loaded<S>, JournalError> =>
  Effect.suspend(() => {
    let loaded = beginning(fold.initial)
    const events = eachChunk(journal.read(key, 1), (chunk) =>
      Effect.sync(() => {
        loaded = advance(fold, loaded, chunk)
      })
    )
    return Effect.map(events, () => loaded)
  })

/** The events after a snapshot. */
const onTopOf = <S, E>(
  { fold, journal, key }: Options<S, E>,
  snapshot: Loaded<S>
): Effect.Effect<Loaded<S>, JournalError | Unusable> =>
  Effect.suspend(() => {
    let loaded: Loaded<S> | undefined
    const unusable = (why: string) => new Unusable({ why })
    const follow = (from: Loaded<S>, events: Chunk.Chunk<EntityEvent<E>>) =>
      Effect.try({
        try: () => {
          loaded = advance(fold, from, events)
        },
        catch: (cause) => unusable(`what comes after it cannot follow: ${String(cause)}`)
      })
    const events = eachChunk(journal.read(key, snapshot.sequence), (chunk) => {
      if (loaded !== undefined) return follow(loaded, chunk)
      const first = Option.getOrUndefined(Chunk.head(chunk))
      if (first === undefined) return Effect.void
      return first.sequence === snapshot.sequence && first.id === snapshot.lastId
        ? follow(snapshot, Chunk.drop(chunk, 1))
        : unusable("the journal holds another event there")
    })
    return Effect.flatMap(events, () =>
      loaded === undefined ? unusable("the journal ends before it") : Effect.succeed(loaded)
    )
  })

export const recover = <S, E>(options: Options<S, E>): Effect.Effect<Loaded<S>, JournalError> => {
  const { entity, key, snapshots } = options
  const all = fromBeginning(options)
  if (snapshots === undefined) return all
  const savedWhereDue = (from: number, loaded: Loaded<S>) =>
    snapshots.isDue(from, loaded.sequence) ? Effect.as(snapshots.save(key, loaded), loaded) : Effect.succeed(loaded)
  const anew = Effect.flatMap(all, (loaded) => savedWhereDue(0, loaded))
  return Effect.flatMap(snapshots.find(key), (snapshot) =>
    snapshot === undefined
      ? anew
      : onTopOf(options, snapshot).pipe(
          Effect.flatMap((loaded) => savedWhereDue(snapshot.sequence, loaded)),
          Effect.catchTag("Unusable", ({ why }) =>
            Effect.zipRight(
              Effect.logWarning(
                `${entity} ${JSON.stringify(key)}: its snapshot at ${snapshot.sequence} is not used: ${why}`
              ),
              anew
            )
          )
        )
  )
}
