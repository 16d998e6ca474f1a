/** What a simulation adds to every process that it hosts: fenced writes, as often as can be, for as long as a run lasts. */
import { Effect, ExecutionStrategy, Random, Scope } from "effect"
import type { Process } from "../../../Process.js"
import { ProcessContext } from "../../../ProcessContext.js"
import type { Happening } from "./happenings.js"
import { runOf } from "./leases.js"
import type { Connection } from "./store.js"

/** The pause between two writes, in milliseconds, and how much it varies. */
const pause = 700
const variation = 600

/**
 * The process with writes beside it. They begin when it has started, end after its last finalizer, and go on when one is
 * refused or fails: so does a run that does not know yet that it is over.
 */
export const probed = (
  process: Process<unknown, ProcessContext>,
  connection: Connection,
  record: (happening: Happening) => void
): Process<unknown, ProcessContext> =>
  Effect.gen(function* () {
    const fence = yield* ProcessContext
    const run = runOf(fence)
    const scope = yield* Effect.scope
    const writing = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    yield* Effect.addFinalizer(() => Effect.sync(() => record({ _tag: "Ended", run })))
    record({ _tag: "Began", run })
    const running = yield* process
    yield* Effect.gen(function* () {
      yield* Effect.ignore(connection.write(fence))
      yield* Effect.sleep(pause + (yield* Random.nextIntBetween(0, variation)))
    }).pipe(Effect.forever, Effect.forkIn(writing))
    return {
      ...running,
      shutdown: Effect.zipRight(
        Effect.sync(() => record({ _tag: "Stopping", run })),
        running.shutdown
      )
    }
  })
