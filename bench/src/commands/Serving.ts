/** What each program of this benchmark does: it opens its entities on a database, and sends them commands. */
import { type Effect, ManagedRuntime, type Layer } from "effect"
import { serve } from "../run/Worker.js"
import { type Cell, send } from "./Sending.js"

/** The database, and a port that nobody listens on. */
export interface Place {
  readonly url: string
  readonly port: number
}

/** What the entities of a program understand: one command at least. */
type Understood<R> = { readonly add: Send<R> } & Partial<Readonly<Record<Cell["command"], Send<R>>>>

type Send<R> = (key: string) => Effect.Effect<number, unknown, R>

const tasksOf = <R>(layer: (place: Place) => Layer.Layer<R, unknown>, commands: Understood<R>) => {
  let runtime: ManagedRuntime.ManagedRuntime<R, unknown> | undefined
  return {
    open: async (place: Place): Promise<void> => {
      runtime = ManagedRuntime.make(layer(place))
      // what serves the first commands is built before the clock runs
      await runtime.runPromise(send({ keys: 1, first: false, warmUp: 0, measured: 100 }, commands.add))
    },
    send: (cell: Cell) => {
      if (runtime === undefined) return Promise.reject(new Error("the entities are not open"))
      const command = commands[cell.command]
      if (command === undefined) return Promise.reject(new Error(`the entities know no command ${cell.command}`))
      return runtime.runPromise(send(cell, command))
    }
  }
}

export type Commands = ReturnType<typeof tasksOf>

export const program = <R>(layer: (place: Place) => Layer.Layer<R, unknown>, commands: Understood<R>): void =>
  serve(tasksOf(layer, commands))
