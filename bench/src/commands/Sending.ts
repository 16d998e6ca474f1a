/** Callers that send as fast as they are answered, for a while: each to a key of its own. */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import * as Meter from "../run/Meter.js"

/** What a cell asks for. */
export interface Cell extends Meter.Window {
  readonly keys: number
}

/** The same loop for all: a counter of each key is raised by one, and answers what it has come to. */
export const send = <E, R>(
  { keys, ...window }: Cell,
  add: (key: string, by: number) => Effect.Effect<number, E, R>
): Effect.Effect<Meter.Measured, E, R> =>
  Effect.suspend(() => {
    const meter = Meter.start(window)
    const call = Effect.fnUntraced(function* (key: string) {
      for (let since = meter.next(); since !== undefined; since = meter.next()) {
        yield* add(key, 1)
        meter.answered(since)
      }
    })
    return Effect.forEach(
      Array.from({ length: keys }, () => randomUUID()),
      call,
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.map(() => meter.measured()))
  })
