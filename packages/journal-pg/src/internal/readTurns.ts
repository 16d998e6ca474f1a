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

export interface Turn {
  readonly since: number
}

export interface ReadTurns {
  readonly take: Effect.Effect<Turn>
  readonly end: (turn: Turn) => void
}

export const make: Effect.Effect<ReadTurns> = Effect.map(Effect.clock, (clock) => {
  /** The oldest first, both. */
  const turns = new Set<Turn>()
  const waiting = new Set<(turn: Turn) => void>()

  const give = (): Turn => {
    const turn = { since: clock.unsafeCurrentTimeMillis() }
    turns.add(turn)
    return turn
  }
  /** Gives what is free to those who wait. */
  const serve = () => {
    const now = clock.unsafeCurrentTimeMillis()
    for (const turn of turns) if (now - turn.since >= patience) turns.delete(turn)
    for (const resume of waiting) {
      if (turns.size >= limit) return
      waiting.delete(resume)
      // should it be interrupted now, the turn is over after a while
      resume(give())
    }
  }
  const given = Effect.async<Turn>((resume) => {
    const mine = (turn: Turn) => resume(Effect.succeed(turn))
    waiting.add(mine)
    return Effect.sync(() => waiting.delete(mine))
  })
  const watch = Effect.forever(Effect.delay(Effect.sync(serve), patience))

  return {
    take: Effect.suspend(() => {
      serve()
      return turns.size < limit ? Effect.succeed(give()) : Effect.raceFirst(given, watch)
    }),
    end: (turn) => {
      if (turns.delete(turn)) serve()
    }
  }
})
