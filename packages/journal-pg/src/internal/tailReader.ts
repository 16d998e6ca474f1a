/**
 * One reader of a journal's tail: takes from the tail what it holds of the reader's tag, and reads for itself what it does
 * not hold any more.
 *
 * A reader that is slow or far behind asks nothing of the tail, and would go on for long in a past that is not there any
 * more. So whoever comes for more has the tail look first, where it has not looked for a while.
 */
import type { EntityEvent, JournalError, Offset, Tagging } from "@aecor/core"
import { Chunk, Clock, Effect, Option } from "effect"
import { type Decoded, untilUndecodable } from "./eventCodec.js"
import { tagText } from "./journalStatements.js"
import type { ReadTurns } from "./readTurns.js"
import type { Ring } from "./tailRing.js"

/** The next events of a reader's tag after a position, waited for, and the position that it has got to. */
export type Next<E> = (
  after: Offset.Offset
) => Effect.Effect<readonly [Chunk.Chunk<EntityEvent.EntityEvent<E>>, Offset.Offset], JournalError.JournalError>

export interface Reader<E> {
  readonly next: Next<E>
  /** It does not come for more. */
  readonly leave: () => void
}

/** The tail, as its readers see it. */
interface Source<E> {
  readonly ring: Ring<Decoded<E>>
  readonly turns: ReadTurns
  /**
   * Where the tail is for one who came for more at a time; undefined where it has to look before it can tell. Fails when
   * the past has changed.
   */
  readonly place: (came: number) => Effect.Effect<Offset.Offset | undefined, JournalError.JournalError>
  /** Until the tail has looked or moved. */
  readonly moved: Effect.Effect<void, JournalError.JournalError>
  /** A page of one tag after a position, up to another. */
  readonly page: (
    tag: Tagging.EventTag,
    after: Offset.Offset,
    to: Offset.Offset
  ) => Effect.Effect<ReadonlyArray<Decoded<E>>, JournalError.JournalError>
  readonly pageSize: number
}

export const make = <E>(source: Source<E>, tag: Tagging.EventTag): Reader<E> => {
  const { moved, page, pageSize, place, ring, turns } = source
  const text = tagText(tag)
  /** Done with what it was given last. */
  let leave = () => {}

  /** One's own page, up to where the tail has everything, and how far it goes. */
  const ownPage = Effect.fnUntraced(function* (at: Offset.Offset, covered: Offset.Offset) {
    const turn = { since: 0 }
    // before it comes: who is interrupted then leaves as well
    leave = () => turns.end(turn)
    yield* turns.take(turn)
    const found = yield* page(tag, at, covered)
    const events = yield* untilUndecodable(found)
    const whole = found.length < pageSize && Chunk.size(events) === found.length
    const last = Option.match(Chunk.last(events), { onNone: () => at, onSome: (_) => _.position })
    return [events, whole ? covered : last] as const
  })

  /** What the tail holds after a place that it covers, and how far that goes. */
  const held = Effect.fnUntraced(function* (at: Offset.Offset, reached: Offset.Offset) {
    const segment = ring.after(text, at)
    const found = (segment?.byTag.get(text) ?? []).filter(({ position }) => position > at)
    const events = yield* untilUndecodable(found)
    const whole = Chunk.size(events) === found.length
    return [events, whole ? (segment?.to ?? reached) : Chunk.unsafeLast(events).position] as const
  })

  const next: Next<E> = Effect.fnUntraced(function* (after) {
    leave()
    const came = yield* Clock.currentTimeMillis
    let at = after
    while (true) {
      const reached = yield* place(came)
      if (reached === undefined || at >= reached) {
        yield* moved
        continue
      }
      const covered = ring.coveredFrom(text, reached)
      const [events, to] = yield* at < covered ? ownPage(at, covered) : held(at, reached)
      if (Chunk.isNonEmpty(events)) return [events, to] as const
      leave()
      at = to
    }
  })
  return { next, leave: () => leave() }
}
