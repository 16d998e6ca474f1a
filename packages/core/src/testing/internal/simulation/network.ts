/**
 * The messages between the runners of a simulation, as an @effect/cluster carries them: `run` is kept in the store and
 * delivered at least once, when its runner looks; `stop` and `ping` are lost with their connection.
 */
import { Effect, ExecutionStrategy, type Exit, Option, Schedule, Scope } from "effect"
import type { ProcessId } from "../../../Lease.js"
import type { Messages } from "../../../internal/processMessages.js"
import type { Conditions } from "./conditions.js"
import type { Draw } from "./draw.js"
import type { Kernel } from "./kernel.js"
import type { Machine } from "./machine.js"
import type { Connection } from "./store.js"

type Receiver = Parameters<Messages["serve"]>[0]

interface Endpoint {
  readonly machine: Machine
  readonly receiver: Receiver
  /** Looks for what is kept for this runner. */
  readonly look: Effect.Effect<void>
}

type What<A> = (endpoint: Endpoint) => Effect.Effect<A, unknown>

/** How often a runner looks for messages. */
const pollInterval = "1 second"

export interface Network {
  /** The messages of one runner. */
  readonly join: (runner: string, machine: Machine, connection: Connection, draw: Draw) => Messages
}

export const make = (kernel: Kernel, conditions: Conditions): Network => {
  const endpoints = new Map<string, Endpoint>()
  const kept = new Map<string, Map<string, ProcessId>>()

  const keyOf = ({ deployment, generation, index }: ProcessId) => `${index}/${generation}/${deployment}`
  const keptFor = (runner: string) => {
    const its = kept.get(runner) ?? new Map<string, ProcessId>()
    kept.set(runner, its)
    return its
  }
  const listening = (runner: string): Endpoint | undefined => {
    const endpoint = endpoints.get(runner)
    return endpoint?.machine.isAlive() === true ? endpoint : undefined
  }

  return {
    join: (self, machine, connection, draw) => {
      /** Tells another runner something. Nobody answers where the message or its answer is lost. */
      const tell = <A>(runner: string, what: What<A>, answered: (exit: Exit.Exit<A, unknown>) => void): void => {
        const way = conditions.between(self, runner, draw)
        if (way._tag === "Refused" || way._tag === "Lost") return
        kernel.later(way.there, () => {
          const endpoint = listening(runner)
          if (endpoint === undefined || !conditions.reaches(self, runner)) return
          endpoint.machine.run(what(endpoint), (exit) =>
            kernel.later(way.back, () => {
              if (way._tag === "Through" && conditions.reaches(runner, self)) answered(exit)
            })
          )
        })
      }
      const ask = <A>(runner: string, what: What<A>) => Effect.async<A, unknown>((resume) => tell(runner, what, resume))

      return {
        self: Option.some(self),
        holds: (process, runner) => ask(runner, ({ receiver }) => receiver.holds(process)),
        ping: (runner) => ask(runner, () => Effect.void),
        stop: (process, runner) => ask(runner, ({ receiver }) => receiver.stop(process)),
        run: (process, runner) =>
          Effect.zipRight(
            connection.call(Effect.sync(() => void keptFor(runner).set(keyOf(process), process))),
            // the sender does not wait for the receiver to look
            Effect.sync(() =>
              tell(
                runner,
                ({ look }) => look,
                () => undefined
              )
            )
          ),
        serve: (receiver) =>
          Effect.gen(function* () {
            // of its own from now on: what is delivered later outlasts what is deployed later
            const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
            const present = new Set<string>()
            /** What has ended is not delivered again, unless the machine dies before that is stored. */
            const deliver = (key: string, process: ProcessId) =>
              receiver
                .run(process)
                .pipe(
                  Effect.zipRight(Effect.ignore(connection.call(Effect.sync(() => keptFor(self).delete(key))))),
                  Effect.ensuring(Effect.sync(() => present.delete(key)))
                )
            const look = Effect.gen(function* () {
              const messages = yield* connection.call(Effect.sync(() => [...keptFor(self)]))
              for (const [key, process] of messages) {
                if (present.has(key)) continue
                present.add(key)
                yield* Effect.forkIn(deliver(key, process), scope)
              }
            }).pipe(Effect.ignore)
            yield* Effect.acquireRelease(
              Effect.sync(() => void endpoints.set(self, { machine, receiver, look })),
              () => Effect.sync(() => endpoints.get(self)?.machine === machine && endpoints.delete(self))
            )
            yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(pollInterval)))
          })
      }
    }
  }
}
