/**
 * Tests that share one layer, built before the first and closed after the last.
 *
 * `layer` of @effect/vitest would do, but it changes the `it` of the whole file: tests that stand after a suite would
 * run with the suite's services.
 */
import { afterAll, beforeAll, describe, live } from "@effect/vitest"
import { Effect, Exit, FastCheck, Layer, type Runtime, Scope, TestContext, type TestServices } from "effect"

/** How to register tests that need what the layer provides. Every test has a scope of its own. */
export interface SharedTests<R> {
  readonly effect: <E>(name: string, body: () => Effect.Effect<void, E, R | Scope.Scope>) => void
  /** A test that holds for any values, as often as asked. */
  readonly prop: <T extends object, E>(
    name: string,
    arbitraries: { readonly [K in keyof T]: FastCheck.Arbitrary<T[K]> },
    body: (values: T) => Effect.Effect<void, E, R | Scope.Scope>,
    runs: number
  ) => void
}

/** How long the layer may take to build, and any one test to run, in milliseconds of real time. */
const timeout = 180_000

export const shared = <R, E>(name: string, layer: Layer.Layer<R, E>, register: (it: SharedTests<R>) => void): void => {
  describe(`${name}`, () => {
    const scope = Effect.runSync(Scope.make())
    const building = Effect.runSync(Effect.cached(Effect.orDie(Scope.extend(Layer.toRuntime(layer), scope))))
    beforeAll(() => Effect.runPromise(Effect.asVoid(building)), timeout)
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), timeout)
    const run = <A, E2>(body: Effect.Effect<A, E2, R | Scope.Scope>): Effect.Effect<A, E2> =>
      Effect.flatMap(building, (runtime: Runtime.Runtime<R>) => Effect.provide(Effect.scoped(body), runtime))
    register({
      effect: (sentence, body) => live(sentence, () => run(body()), timeout),
      prop: (sentence, arbitraries, body, numRuns) =>
        live.prop(sentence, [FastCheck.record({ ...arbitraries })], ([values]) => run(body(values)), {
          timeout,
          fastCheck: { numRuns }
        })
    })
  })
}

/** As `shared`, on the clock of the tests. */
export const sharedTestClock = <R, E>(
  name: string,
  layer: Layer.Layer<R, E>,
  register: (it: SharedTests<R | TestServices.TestServices>) => void
): void => shared(name, Layer.provideMerge(layer, TestContext.TestContext), register)
