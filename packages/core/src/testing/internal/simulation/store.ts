/**
 * The store of a simulation: the leases and the fenced writes, each operation at one moment, and the connections of the
 * runners to it, on which calls are late, refused or lost.
 */
import { Effect, Exit } from "effect"
import { type Operations, ProcessLeaseError } from "../../../Lease.js"
import type { Fence, Fenced } from "../../../ProcessContext.js"
import type { Conditions } from "./conditions.js"
import type { Draw } from "./draw.js"
import type { Happening } from "./happenings.js"
import type { Kernel } from "./kernel.js"
import { runOf } from "./leases.js"
import type { Machine } from "./machine.js"

/** Adapters give an operation up after so long, in milliseconds. */
const limit = 5000

/** A runner's connection to the store. */
export interface Connection {
  readonly lease: Operations
  /** A fenced write: the check and the write are one moment, as they are one transaction elsewhere. */
  readonly write: (fence: Fence) => Effect.Effect<void, Fenced | ProcessLeaseError>
  /** Any call to the store. */
  readonly call: <A, E>(operation: Effect.Effect<A, E>) => Effect.Effect<A, E | ProcessLeaseError>
}

export const connect = (options: {
  readonly kernel: Kernel
  readonly conditions: Conditions
  /** Where the operations run. */
  readonly machine: Machine
  readonly lease: Operations
  readonly record: (happening: Happening) => void
  readonly runner: string
  readonly draw: Draw
}): Connection => {
  const { conditions, draw, kernel, lease, machine, record, runner } = options
  const failed = (description: string) => new ProcessLeaseError({ description })

  const call: Connection["call"] = <A, E>(operation: Effect.Effect<A, E>) =>
    Effect.async<A, E | ProcessLeaseError>((resume) => {
      let isOpen = true
      const answer = (exit: Exit.Exit<A, E | ProcessLeaseError>) => {
        if (!isOpen) return
        isOpen = false
        callOff()
        resume(exit)
      }
      const callOff = kernel.later(limit, () => answer(Exit.fail(failed("the store does not answer"))))
      const way = conditions.toStore(runner, draw)
      if (way._tag === "Lost") return
      if (way._tag === "Refused") {
        kernel.later(way.back, () => answer(Exit.fail(failed("the store refuses"))))
        return
      }
      kernel.later(way.there, () => {
        machine.run(operation, (exit) =>
          kernel.later(way.back, () => {
            if (!conditions.answers(runner)) return
            answer(way._tag === "Through" ? exit : Exit.fail(failed("the connection broke")))
          })
        )
      })
    })

  const write = (fence: Fence) =>
    call(
      Effect.flatMap(Effect.either(lease.check(fence)), (checked) =>
        Effect.suspend(() => {
          record({ _tag: checked._tag === "Right" ? "Wrote" : "Refused", run: runOf(fence) })
          return checked
        })
      )
    )

  return { lease: throughCalls(lease, call), write, call }
}

/** The operations, each through a call. What is no operation stays as it is. */
const throughCalls = (lease: Operations, call: Connection["call"]): Operations => {
  const wrapped = Object.entries<unknown>({ ...lease }).map(([name, operation]) => [
    name,
    typeof operation === "function"
      ? (...args: ReadonlyArray<unknown>) => {
          const result: unknown = operation(...args)
          return Effect.isEffect(result) ? call(result as Effect.Effect<unknown, unknown>) : result
        }
      : operation
  ])
  // each operation gains an error that it has already, and keeps the rest of its type
  return Object.fromEntries(wrapped) as Operations
}
