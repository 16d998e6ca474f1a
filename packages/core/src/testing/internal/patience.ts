/**
 * Letting time pass, on either clock: a TestClock is moved on, the live one is waited for. All that waits here is built
 * on `pass` and has an end to its patience: what never comes about is a defect, not a hanging test.
 */
import {
  Clock,
  Context,
  Duration,
  Effect,
  ExecutionStrategy,
  Exit,
  Fiber,
  Layer,
  Option,
  Predicate,
  Scope,
  TestClock
} from "effect"

/** One of two values, by the clock that the test runs on. */
export const byClock = <A>(values: { readonly test: A; readonly live: A }): Effect.Effect<A> =>
  Effect.map(Effect.clock, (clock) => (Predicate.hasProperty(clock, "adjust") ? values.test : values.live))

/** Lets time pass. */
export const pass = (duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatten(byClock({ test: TestClock.adjust(duration), live: Effect.sleep(duration) }))

/** How long a test waits for anything, and how much time it lets pass before it looks again. */
const patience = byClock({ test: Duration.minutes(2), live: Duration.minutes(2) })
const step = byClock({ test: Duration.seconds(1), live: Duration.millis(50) })

/** Lets time pass until something holds; gives how long it took in milliseconds. */
export const until = (holds: () => boolean) => untilEffect(Effect.sync(holds))

export const untilEffect = <E, R>(holds: Effect.Effect<boolean, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    const limit = Duration.toMillis(yield* patience)
    const since = yield* Clock.currentTimeMillis
    while (true) {
      yield* pass(0)
      const waited = (yield* Clock.currentTimeMillis) - since
      if (yield* holds) return waited
      if (waited >= limit) return yield* Effect.dieMessage(`what was waited for did not come about in ${limit} ms`)
      yield* pass(yield* step)
    }
  })

/** Waits whether something happens that must not: for so long, which the live clock cuts to what a host needs to act. */
export const watch = (duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatMap(byClock({ test: Duration.infinity, live: Duration.seconds(8) }), (most) =>
    pass(Duration.min(duration, most))
  )

/** Runs an effect while time passes. */
export const answered = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.fork(effect), outcomeOf)

/** As `answered`, for what has been forked before. */
export const outcomeOf = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.zipRight(untilEffect(Effect.negate(isPending(fiber))), Effect.flatten(Fiber.await(fiber)))

/** As `answered`; gives how long it took in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.map(answered(Effect.timed(effect)), ([took]) => Duration.toMillis(took))

/** Forks an effect and lets it come as far as it can in a second. */
export const begun = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.RuntimeFiber<A, E>, never, R | Scope.Scope> =>
  Effect.zipLeft(Effect.forkScoped(effect), pass("1 second"))

/** Whether a fiber has not ended yet. */
export const isPending = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<boolean> =>
  Effect.map(Fiber.poll(fiber), Option.isNone)

/** The defect that an effect died of, as text. */
export const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(effect), (exit) =>
    Exit.isFailure(exit) && exit.cause._tag === "Die" ? String(exit.cause.defect) : `no defect but ${String(exit)}`
  )

/** Runs a test on a layer of its own. Time goes on while they close, the test's scope first, as they would in a program. */
export const onLayer = <A, E, R, E2>(
  test: Effect.Effect<A, E, R | Scope.Scope>,
  layer: Layer.Layer<R, E2>
): Effect.Effect<A, E | E2> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const exit = yield* Layer.buildWithScope(layer, scope).pipe(
      Effect.flatMap((context) =>
        Effect.flatMap(Scope.fork(scope, ExecutionStrategy.sequential), (own) =>
          Effect.provide(test, Context.add(context, Scope.Scope, own))
        )
      ),
      Effect.exit
    )
    yield* answered(Scope.close(scope, exit))
    return yield* exit
  })
