/** An entity as it is known between commands: its state, and the event that the state goes up to. */
import type { EntityEvent } from "../EntityEvent.js"
import type { Fold } from "../Fold.js"
import * as RecentCommands from "./recentCommands.js"

/**
 * - `lastId`: the id of the event at `sequence`, `undefined` before the first one.
 * - `recent`: the commands up to there. There is one for all that is known of an entity in turn, changed in place.
 */
export interface Loaded<S> {
  readonly state: S
  readonly sequence: number
  readonly lastId: string | undefined
  readonly recent: RecentCommands.RecentCommands
}

/** Before the first event. */
export const beginning = <S>(initial: S): Loaded<S> => ({
  state: initial,
  sequence: 0,
  lastId: undefined,
  recent: RecentCommands.make()
})

/** After some events that follow. The fold may throw. */
export const advance = <S, E>(fold: Fold<S, E>, loaded: Loaded<S>, events: Iterable<EntityEvent<E>>): Loaded<S> => {
  const { recent } = loaded
  let { lastId, sequence, state } = loaded
  for (const event of events) {
    state = fold.reduce(state, event.event)
    sequence = event.sequence
    lastId = event.id
    RecentCommands.recordEvent(recent, event)
  }
  return { state, sequence, lastId, recent }
}
