/**
 * Tells the nodes that a table has changed, after the change: in a statement of its own, so that nothing waits for it.
 * Changes that come while one is being told are told together.
 */
import type { SqlError } from "@effect/sql"
import { Effect, type Scope } from "effect"
import { channel } from "./channel.js"
import * as CommitMessage from "./commitMessage.js"
import { type Statement, statement } from "./statement.js"
import * as Wakeups from "./wakeups.js"

const notify = statement("SELECT pg_notify($1, $2)::text")

/** Gives what announces a change of the table with this identity. */
export const announcements = Effect.fnUntraced(function* (
  run: (statement: Statement, parameters: ReadonlyArray<unknown>) => Effect.Effect<unknown, SqlError.SqlError>,
  identity: string
): Effect.fn.Return<(change: CommitMessage.Change) => void, never, Scope.Scope> {
  const changes = Wakeups.make()
  let told = changes.ticket(0)
  let untold: CommitMessage.Change = new Map()
  const tell = Effect.gen(function* () {
    yield* changes.changed(0, told)
    told = changes.ticket(0)
    const message = CommitMessage.encode(untold)
    untold = new Map()
    yield* run(notify, [channel, `${identity} ${message}`])
  }).pipe(
    Effect.catchAll((cause) => Effect.logDebug("a change was not announced; polling finds it", cause)),
    Effect.withTracerEnabled(false)
  )
  yield* Effect.forkScoped(Effect.forever(tell))
  return (change) => {
    untold = CommitMessage.both(untold, change)
    changes.wake()
  }
})
