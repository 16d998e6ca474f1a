/** Loading an entity: its events from the journal, chunk by chunk. */
import { Effect, Stream } from "effect"
import type { Fold } from "../Fold.js"
import type { Journal } from "../Journal.js"
import type { JournalError } from "../JournalError.js"
import { advance, beginning, type Loaded } from "./loaded.js"

export const recover = <S, E>(options: {
  readonly key: string
  readonly journal: Journal<E>
  readonly fold: Fold<S, E>
}): Effect.Effect<Loaded<S>, JournalError> =>
  Effect.suspend(() => {
    const { fold, journal, key } = options
    let loaded = beginning(fold.initial)
    const events = Stream.runForEachChunk(journal.read(key, 1), (chunk) =>
      Effect.sync(() => {
        loaded = advance(fold, loaded, chunk)
      })
    )
    return Effect.map(events, () => loaded)
  })
