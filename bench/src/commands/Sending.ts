/** Callers that send as fast as they are answered, for a while: each to a key of its own, or each time to a new one. */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import * as Meter from "../run/Meter.js"

/** What a cell asks for. */
export interface Cell extends Meter.Window {
  readonly command: "add" | "count" | "glance"
  readonly keys: number
  /** Whether each command is the first one of its key. */
  readonly first: boolean
}

/** The same loop for all: a counter is raised by one, or asked, and answers what it has come to. */
export const send = <E, R>(
  { first, keys, ...window }: Omit<Cell, "command">,
  command: (key: string) => Effect.Effect<number, E, R>
): Effect.Effect<Meter.Measured, E, R> =>
  Effect.suspend(() => {
    const meter = Meter.start(window)
    const call = Effect.fnUntraced(function* (own: string) {
      for (let since = meter.next(); since !== undefined; since = meter.next()) {
        yield* command(first ? randomUUID() : own)
        meter.answered(since)
      }
    })
    return Effect.forEach(
      Array.from({ length: keys }, () => randomUUID()),
      call,
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.map(() => meter.measured()))
  })
