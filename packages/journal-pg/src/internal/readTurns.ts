/**
 * Turns of readers that are far behind: so many at a time hold a page of their own. Twenty that each read, fold and
 * commit a page at once are no quicker than a few, and all that is in their hands at the same time outlives the collector's
 * young generation: it costs memory, and more processor time than the events do.
 *
 * A turn lasts until its reader comes for more, and for a while at the most: one whose events take long holds up
 * nobody. Who waits is served in the order of coming.
 */
import { Effect } from "effect"

/** How many may hold a page, and how long that counts, in milliseconds. */
const limit = 4
const patience = 250

/** Who comes for a turn, with the same one each time. */
export interface Turn {
  since: number
}

/** Whoever does not use a turn that it waits for, or has, ends it: also when it is interrupted as its turn comes. */
export interface ReadTurns {
  readonly take: (turn: Turn) => Effect.Effect<void>
  readonly end: (turn: Turn) => void
}

export const make: Effect.Effect<ReadTurns> = Effect.map(Effect.clock, (clock) => {
  /** The oldest first, both. */
  const turns = new Set<Turn>()
  const waiting = new Map<Turn, () => void>()

  const give = (turn: Turn) => {
    turn.since = clock.unsafeCurrentTimeMillis()
    turns.add(turn)
  }
  /** Gives what is free to those who wait. */
  const serve = () => {
    const now = clock.unsafeCurrentTimeMillis()
    for (const turn of turns) if (now - turn.since >= patience) turns.delete(turn)
    for (const [turn, resume] of waiting) {
      if (turns.size >= limit) return
      waiting.delete(turn)
      give(turn)
      resume()
    }
  }
  const given = (turn: Turn) =>
    Effect.async<void>((resume) => {
      waiting.set(turn, () => resume(Effect.void))
      return Effect.sync(() => waiting.delete(turn))
    })
  const watch = Effect.forever(Effect.delay(Effect.sync(serve), patience))

  return {
    take: (turn) =>
      Effect.suspend(() => {
        serve()
        return turns.size < limit ? Effect.sync(() => give(turn)) : Effect.raceFirst(given(turn), watch)
      }),
    end: (turn) => {
      if (turns.delete(turn)) serve()
    }
  }
})
