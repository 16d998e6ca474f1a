/**
 * What a process knows of its own run: which one it is, where it runs, and the fence that its writes must carry.
 *
 * The host provides it to every start of a process; nobody else can, so a process cannot run without a host.
 *
 * @since 0.1.0
 */
import { Context, Data } from "effect"

/**
 * The proof that a run of a process is the newest one. Every start takes a new `epoch` and a random `token`; a store
 * that checks them in the write's own transaction refuses what an older run writes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fence {
  readonly deployment: string
  readonly index: number
  readonly epoch: number
  readonly token: string
  readonly runner: string
}

/**
 * The running process's own fence and place.
 *
 * @since 0.1.0
 * @category services
 */
export class ProcessContext extends Context.Tag("@aecor/core/ProcessContext")<ProcessContext, Fence>() {}

/**
 * A newer run of the process exists: this write was refused and nothing of it was stored. The run that gets it ends.
 *
 * @since 0.1.0
 * @category errors
 */
export class Fenced extends Data.TaggedError("Fenced")<{
  readonly deployment: string
  readonly index: number
  readonly epoch: number
}> {
  override get message(): string {
    return `process ${this.index} of ${this.deployment}: epoch ${this.epoch} is no longer the newest`
  }
}

/**
 * The error that refuses a fence.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fenced = (fence: Fence): Fenced =>
  new Fenced({ deployment: fence.deployment, index: fence.index, epoch: fence.epoch })
