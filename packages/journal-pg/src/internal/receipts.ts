/**
 * Waiting for rows to reach a version. One fiber a view asks for the versions of all keys that are waited for at once,
 * whenever the view has been committed to or somebody new waits, and now and then in case a notification was lost. Where a
 * commit says which versions it has stored, nobody has to ask: who waits for those is answered, the others wait on. A key
 * that the server does not take as one (with a NUL in it) fails whoever waits for it, and nobody else. A key that is in
 * the quarantine is answered with its entry there.
 */
import type { Quarantine } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { Cause, Effect, Exit, Option, type Scope } from "effect"
import type { Change } from "./commitMessage.js"
import * as quarantineSql from "./quarantineSql.js"
import { meaning } from "./sqlState.js"
import * as Wakeups from "./wakeups.js"

/** How often it asks where no notification comes. */
const pollInterval = "250 millis"

interface Waiter {
  readonly key: string
  readonly version: number
  readonly resume: (exit: Answered) => void
}

/** Nothing where the version is reached, and the entry of the quarantine where the key waits there. */
type Answered = Exit.Exit<Option.Option<Quarantine.Entry>, SqlError.SqlError>

/** What is known of a key: a version, or the JSON of what waits. A key may have several of these, or none. */
export type Known = readonly [key: string, version: string | null, entry: string | null]
type Versions = ReadonlyArray<Known>

/** What was answered when these keys were asked for. */
interface Answer {
  readonly keys: ReadonlyArray<string>
  readonly versions: Exit.Exit<Versions, SqlError.SqlError>
}

const isOfData = (exit: Answer["versions"]): boolean =>
  Exit.isFailure(exit) && Option.exists(Cause.failureOption(exit.cause), (error) => meaning(error) === "Data")

/** The answer to who waits, if there is one. */
const answerTo = ({ version }: Waiter, known: Versions): Option.Option<Option.Option<Quarantine.Entry>> => {
  if (known.some(([, stored]) => Number(stored ?? 0) >= version)) return Option.some(Option.none())
  const waiting = known.flatMap(([, , entry]) => (entry === null ? [] : [quarantineSql.fromRow(JSON.parse(entry))]))
  return Option.map(Option.fromNullable(waiting.find(({ sequence }) => sequence <= version)), Option.some)
}

export const make = Effect.fnUntraced(function* (options: {
  readonly versions: (keys: ReadonlyArray<string>) => Effect.Effect<Versions, SqlError.SqlError>
  /** Calls back whenever the view may have been committed to, with what is known of it. */
  readonly subscribe: (listener: (change: Change) => void) => Effect.Effect<void, never, Scope.Scope>
}): Effect.fn.Return<
  {
    /** Until the key has reached a version, or waits in the quarantine. */
    readonly reached: (
      key: string,
      version: number
    ) => Effect.Effect<Option.Option<Quarantine.Entry>, SqlError.SqlError>
    /** The view has been committed to. */
    readonly committed: (change: Change) => void
  },
  never,
  Scope.Scope
> {
  const wakeups = Wakeups.make()
  const waiters = new Set<Waiter>()
  const settle = (waiter: Waiter, exit: Answered) => {
    waiters.delete(waiter)
    waiter.resume(exit)
  }
  const committed = (change: Change) => {
    if (change === "Something") return wakeups.wake()
    for (const waiter of waiters) {
      if ((change.get(waiter.key) ?? 0) >= waiter.version) settle(waiter, Exit.succeed(Option.none()))
    }
  }
  yield* options.subscribe(committed)

  /** Where the statement fails because of a key, it is asked for the halves, until that key stands alone. */
  const answersTo = (keys: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Answer>> =>
    Effect.flatMap(Effect.exit(options.versions(keys)), (versions) => {
      if (keys.length < 2 || !isOfData(versions)) return Effect.succeed([{ keys, versions }])
      const half = keys.length >> 1
      return Effect.zipWith(answersTo(keys.slice(0, half)), answersTo(keys.slice(half)), (a, b) => [...a, ...b])
    })
  const ask = Effect.gen(function* () {
    const asked = [...waiters]
    for (const { keys, versions } of yield* answersTo([...new Set(asked.map(({ key }) => key))])) {
      const those = new Set(keys)
      const known = new Map<string, Array<Known>>()
      for (const one of Exit.isSuccess(versions) ? versions.value : []) {
        known.set(one[0], [...(known.get(one[0]) ?? []), one])
      }
      for (const waiter of asked) {
        if (!those.has(waiter.key)) continue
        if (Exit.isFailure(versions)) settle(waiter, Exit.failCause(versions.cause))
        else Option.map(answerTo(waiter, known.get(waiter.key) ?? []), (answer) => settle(waiter, Exit.succeed(answer)))
      }
    }
  })
  const round = Effect.gen(function* () {
    const ticket = wakeups.ticket(0)
    if (waiters.size > 0) yield* ask
    const woken = wakeups.changed(0, ticket)
    yield* waiters.size > 0 ? Effect.timeoutOption(woken, pollInterval) : woken
  })
  yield* Effect.forkScoped(Effect.forever(round).pipe(Effect.withTracerEnabled(false)))

  return {
    reached: (key, version) =>
      Effect.async((resume) => {
        const waiter: Waiter = { key, version, resume }
        waiters.add(waiter)
        wakeups.wake()
        return Effect.sync(() => waiters.delete(waiter))
      }),
    committed
  }
})
