/**
 * Waiting for rows to reach a version. One fiber a view asks for the versions of all keys that are waited for at once,
 * whenever the view has been committed to or somebody new waits, and now and then in case a notification was lost.
 */
import type { SqlError } from "@effect/sql"
import { Effect, Exit, type Scope } from "effect"
import * as Wakeups from "./wakeups.js"

/** How often it asks where no notification comes. */
const pollInterval = "250 millis"

interface Waiter {
  readonly key: string
  readonly version: number
  readonly resume: (exit: Exit.Exit<void, SqlError.SqlError>) => void
}

export const make = Effect.fnUntraced(function* (options: {
  readonly versions: (
    keys: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<{ readonly key: string; readonly version: string }>, SqlError.SqlError>
  /** Calls back whenever the view may have been committed to. */
  readonly subscribe: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
}): Effect.fn.Return<(key: string, version: number) => Effect.Effect<void, SqlError.SqlError>, never, Scope.Scope> {
  const wakeups = Wakeups.make()
  const waiters = new Set<Waiter>()
  yield* options.subscribe(() => wakeups.wake())

  const settle = (waiter: Waiter, exit: Exit.Exit<void, SqlError.SqlError>) => {
    waiters.delete(waiter)
    waiter.resume(exit)
  }
  const ask = Effect.gen(function* () {
    const asked = [...waiters]
    const answer = yield* Effect.exit(options.versions([...new Set(asked.map(({ key }) => key))]))
    if (Exit.isFailure(answer)) return asked.forEach((waiter) => settle(waiter, Exit.asVoid(answer)))
    const reached = new Map(answer.value.map(({ key, version }) => [key, Number(version)]))
    for (const waiter of asked) if ((reached.get(waiter.key) ?? 0) >= waiter.version) settle(waiter, Exit.void)
  })
  const look = Effect.gen(function* () {
    const ticket = wakeups.ticket(0)
    if (waiters.size > 0) yield* ask
    const woken = wakeups.changed(0, ticket)
    yield* waiters.size > 0 ? Effect.timeoutOption(woken, pollInterval) : woken
  })
  yield* Effect.forkScoped(Effect.forever(look).pipe(Effect.withTracerEnabled(false)))

  return (key, version) =>
    Effect.async((resume) => {
      const waiter: Waiter = { key, version, resume }
      waiters.add(waiter)
      wakeups.wake()
      return Effect.sync(() => waiters.delete(waiter))
    })
})
