/**
 * Who runs which process: the port under `DistributedProcessing`.
 *
 * For every process of a deployment it keeps the wish (desired, generation, target runner) and the fact (epoch, owner,
 * last beat). It alone hands out epochs, and a store that checks a fence against it refuses the writes of an older run.
 * It also knows which runners are alive and which of them coordinates a deployment.
 *
 * Guarantees: an epoch is given once; of two claims at most one holds; an owner that beats is never robbed; `check`
 * accepts the newest epoch only.
 *
 * @since 0.1.0
 */
import { Context, Layer } from "effect"
import * as memory from "./internal/processLeaseMemory.js"
import type { Operations } from "./Lease.js"

/**
 * @since 0.1.0
 * @category services
 */
export class ProcessLease extends Context.Tag("@aecor/core/ProcessLease")<ProcessLease, Operations>() {}

/**
 * Leases in the memory of this process, on its clock: the real rules, for tests and single nodes.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ProcessLease> = Layer.sync(ProcessLease, memory.make)
