/** A simulation as its user describes it. */
import { Duration, Effect, Layer, Scope } from "effect"
import type { DistributedProcessing } from "../../../DistributedProcessing.js"
import type * as cluster from "../../../internal/processingCluster.js"
import * as memory from "../../../internal/processLeaseMemory.js"
import type { Operations } from "../../../Lease.js"
import { ProcessLease } from "../../../ProcessLease.js"
import * as Check from "./check.js"
import * as Draw from "./draw.js"
import { runnerName, type Schedule } from "./faults.js"
import type { Report } from "./report.js"
import type { Deployments } from "./runner.js"
import { simulate } from "./simulate.js"

export interface Options<S> {
  readonly deployments: Layer.Layer<never, unknown, DistributedProcessing | S>
  readonly shared?: Layer.Layer<S, unknown, ProcessLease>
  readonly runners?: number
  readonly duration?: Duration.DurationInput
  readonly faults?: Schedule
  readonly lease?: (lease: Operations) => Operations
}

/**
 * Lets the program's timers and sockets have their turn: who runs one simulation after the other would keep them from it
 * for minutes, and a test runner gives up a worker of whom it hears nothing.
 */
const breathe = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Simulates one seed on what the runners host. */
export const run = <S>(
  options: Options<S> & { readonly seed: number; readonly faults: Schedule },
  host: typeof cluster.make
): Effect.Effect<Report> => Effect.zipRight(breathe, simulated(options, host))

const simulated = <S>(
  options: Options<S> & { readonly seed: number; readonly faults: Schedule },
  host: typeof cluster.make
): Effect.Effect<Report> =>
  Effect.sync(() => {
    const { lease: given = (lease) => lease, runners = 3 } = options
    const duration = Duration.decode(options.duration ?? "100 seconds")
    const seed = String(options.seed)
    const draw = Draw.make(seed)
    const names = Array.from({ length: runners }, (_, n) => runnerName(n))
    const faults = options.faults(draw.of("faults"), { runners: names, duration })
    const leases = { real: memory.make(), given }
    const deployments = (lease: Operations) => deployed(options, lease)
    const moments = simulate({ draw, seed, runners, duration, faults, host, leases, deployments })
    return { seed: options.seed, faults, moments, violations: Check.check(moments, Duration.toMillis(duration)) }
  })

/** The deployments of a runner, with the shared services built at the store. */
const deployed = <S>({ deployments, shared }: Options<S>, lease: Operations): Effect.Effect<Deployments, unknown> =>
  Effect.gen(function* () {
    const services = shared ?? nothing<S>()
    const built = Layer.buildWithScope(services, yield* Scope.make())
    const context = yield* Effect.provideService(built, ProcessLease, lease)
    return Layer.provide(deployments, Layer.succeedContext(context))
  })

/** Who shares nothing needs nothing shared: then `S` is `never`, which the compiler does not see. */
const nothing = <S>(): Layer.Layer<S> => Layer.empty as Layer.Layer<never> as Layer.Layer<S>
