/**
 * What every process lease promises, as tests: who may claim, who is fenced, what is wished and who is alive.
 *
 * @example
 * ```ts
 * ProcessLeaseSuite.suite("in memory", ProcessLease.layerMemory, { elapse: TestClock.adjust })
 *
 * ProcessLeaseSuite.suiteLive("PgProcessLease", layer, { elapse: (duration) => moveStoredTimesBack(duration) })
 * ```
 *
 * Time does not pass by waiting: the adapter says how. A lease on the clock of the tests adjusts it; a lease on the
 * clock of a server moves the times that it has stored back.
 *
 * @since 0.1.0
 */
import { addEqualityTesters } from "@effect/vitest"
import type { Layer } from "effect"
import type { ProcessLease } from "../ProcessLease.js"
import { claims } from "./internal/leaseClaims.js"
import { runners } from "./internal/leaseRunners.js"
import type { Elapse } from "./internal/leases.js"
import { steering } from "./internal/leaseSteering.js"
import { shared, sharedTestClock, type SharedTests } from "./internal/sharedLayer.js"
import { shapes } from "./internal/leaseShapes.js"
import { suspensions } from "./internal/leaseSuspensions.js"
import { wishes } from "./internal/leaseWishes.js"

/**
 * How time passes for the lease under test. It may use services of the suite's layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R> {
  readonly elapse: Elapse<R>
}

/**
 * Registers the tests, on the clock of the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E, R = never>(
  name: string,
  lease: Layer.Layer<ProcessLease | R, E>,
  options: Options<R>
): void => {
  addEqualityTesters()
  sharedTestClock(name, lease, (it) => tests<R>(it.effect, options))
}

/**
 * Registers the tests, on the live clock: for a lease that is kept by a server.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suiteLive = <E, R = never>(
  name: string,
  lease: Layer.Layer<ProcessLease | R, E>,
  options: Options<R>
): void => {
  addEqualityTesters()
  shared(name, lease, (it) => tests<R>(it.effect, options))
}

const tests = <R>(test: SharedTests<ProcessLease | R>["effect"], { elapse }: Options<R>): void => {
  claims(test, elapse)
  wishes(test, elapse)
  steering(test, elapse)
  runners(test, elapse)
  shapes(test)
  suspensions(test)
}
