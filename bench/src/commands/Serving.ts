/** What each program of this benchmark does: it opens its entities on a database, and sends them commands. */
import { type Effect, ManagedRuntime, type Layer } from "effect"
import { serve } from "../run/Worker.js"
import { type Cell, send } from "./Sending.js"

/** The database, and a port that nobody listens on. */
export interface Place {
  readonly url: string
  readonly port: number
}

const tasksOf = <R, E>(
  layer: (place: Place) => Layer.Layer<R, unknown>,
  add: (key: string, by: number) => Effect.Effect<number, E, R>
) => {
  let runtime: ManagedRuntime.ManagedRuntime<R, unknown> | undefined
  return {
    open: async (place: Place): Promise<void> => {
      runtime = ManagedRuntime.make(layer(place))
      // what serves the first commands is built before the clock runs
      await runtime.runPromise(send({ keys: 1, warmUp: 0, measured: 100 }, add))
    },
    send: (cell: Cell) => {
      if (runtime === undefined) return Promise.reject(new Error("the entities are not open"))
      return runtime.runPromise(send(cell, add))
    }
  }
}

export type Commands = ReturnType<typeof tasksOf>

export const program = <R, E>(
  layer: (place: Place) => Layer.Layer<R, unknown>,
  add: (key: string, by: number) => Effect.Effect<number, E, R>
): void => serve(tasksOf(layer, add))
