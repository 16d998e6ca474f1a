/**
 * An end to waiting that costs a caller next to nothing. All wait equally long, so whoever began first gives up first:
 * one fiber sleeps until then, whatever their number.
 */
import { Clock, Duration, Effect, type Scope } from "effect"

interface Waiting {
  readonly until: number
  readonly giveUp: () => void
}

export interface Deadlines {
  /** Calls back when the time is over, unless what it gives is called first. */
  readonly start: (giveUp: () => void) => () => void
}

export const make = (after: Duration.Duration): Effect.Effect<Deadlines, never, Scope.Scope> =>
  Effect.gen(function* () {
    const millis = Duration.toMillis(after)
    const clock = yield* Effect.clock
    // a set keeps the order in which they began, and lets one in the middle leave
    const all = new Set<Waiting>()
    const some = Effect.unsafeMakeLatch(false)

    const first = (): Waiting | undefined => {
      for (const waiting of all) return waiting
      return undefined
    }
    yield* Effect.gen(function* () {
      yield* some.await
      const now = yield* Clock.currentTimeMillis
      for (let next = first(); next !== undefined && next.until <= now; next = first()) {
        all.delete(next)
        next.giveUp()
      }
      const next = first()
      if (next === undefined) some.unsafeClose()
      else yield* Effect.sleep(Math.max(1, next.until - now))
    }).pipe(Effect.forever, Effect.interruptible, Effect.forkScoped)

    return {
      start: (giveUp) => {
        const waiting: Waiting = { until: clock.unsafeCurrentTimeMillis() + millis, giveUp }
        all.add(waiting)
        some.unsafeOpen()
        return () => void all.delete(waiting)
      }
    }
  })
