/**
 * What every host of processes promises, as tests: once each, again after every end, under a new epoch each time, and
 * stopped when that is wished; each of them can be seen and steered.
 *
 * @example
 * ```ts
 * DistributedProcessingSuite.suite(
 *   "on this node",
 *   DistributedProcessing.layerLocal.pipe(Layer.provideMerge(ProcessLease.layerMemory))
 * )
 * ```
 *
 * Every test builds the layer anew; they run concurrently, as many at a time as vitest's `maxConcurrency` says. The host
 * may take some seconds of the clock before it starts a process.
 *
 * @since 0.1.0
 */
import type { Layer } from "effect"
import type { DistributedProcessing } from "../DistributedProcessing.js"
import type { ProcessLease } from "../ProcessLease.js"
import { owning } from "./internal/ownLayer.js"
import { fencing } from "./internal/processingFencing.js"
import { seeing } from "./internal/processingSeeing.js"
import { reshaping } from "./internal/processingReshaping.js"
import { starting } from "./internal/processingStarting.js"
import { steering } from "./internal/processingSteering.js"
import { stopping } from "./internal/processingStopping.js"
import type { ProcessingTest } from "./internal/processRuns.js"

/**
 * How the suite runs. `clock`: `"test"` (the default) for layers that run on the clock of the tests, `"live"` for those
 * that talk to a server; the tests then wait shorter where the promise does not depend on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly clock?: "test" | "live"
}

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(
  name: string,
  host: Layer.Layer<DistributedProcessing | ProcessLease, E>,
  options: Options = {}
): void =>
  owning(name, options.clock ?? "test", (it) => {
    const test: ProcessingTest = (sentence, body) => it(sentence, body, host)
    starting(test)
    stopping(test)
    fencing(test)
    steering(test)
    seeing(test)
    reshaping(test)
  })
