/** Small helpers around the process lease, for the suites that need leases and fences. */
import { Duration, Effect, Option } from "effect"
import type { Announced, Beat, Claimant, ProcessId, Shape } from "../../Lease.js"
import type { Fence } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"

/** How time passes for the lease under test. */
export type Elapse<R> = (duration: Duration.DurationInput) => Effect.Effect<void, unknown, R>

/**
 * How long an owner may be silent, and parts of that. A test lets such times pass at once; while it runs itself it may
 * take any time that a machine takes, which is nothing beside them.
 */
export const silence = Duration.minutes(30)
export const most = Duration.minutes(20)
export const longer = Duration.minutes(40)

/** A name that no other test and no other run has used. */
export const freshName = (label = "deployment"): string => `${label}-${globalThis.crypto.randomUUID()}`

/** A deployment of so many processes that nobody has started yet; gives its first process. */
export const registered = (processes = 1, deployment = freshName()) =>
  Effect.gen(function* () {
    yield* (yield* ProcessLease).register(deployment, processes)
    return processOf(deployment)
  })

export const processOf = (deployment: string, index = 0, generation = 0): ProcessId => ({
  deployment,
  index,
  generation
})

/** What a runner announces that knows of no shapes. */
export const hosting = (...deployments: ReadonlyArray<string>): ReadonlyArray<Announced> =>
  deployments.map((deployment) => ({ deployment }))

/** Claims a process; it is a defect when the claim does not hold. */
export const claimed = (process: Claimant, runner: string): Effect.Effect<Fence, unknown, ProcessLease> =>
  Effect.flatMap(ProcessLease, (lease) => lease.claim(process, runner, silence)).pipe(
    Effect.flatMap((claim) =>
      claim._tag === "Claimed"
        ? Effect.succeed(claim.fence)
        : Effect.dieMessage(`the claim of ${runner} is ${claim._tag}`)
    )
  )

/** What a claim answers. */
export const claimTag = (process: Claimant, runner: string) =>
  Effect.flatMap(ProcessLease, (lease) => Effect.map(lease.claim(process, runner, silence), (_) => _._tag))

export const beatOf = (fence: Fence, beat: Partial<Beat> = {}): Beat => ({
  fence,
  generation: 0,
  state: "Running",
  starts: 1,
  lastError: Option.none(),
  ...beat
})

export const row = ({ deployment, index }: ProcessId) =>
  Effect.gen(function* () {
    const rows = yield* (yield* ProcessLease).list(deployment)
    const found = rows.find((_) => _.index === index)
    return found ?? (yield* Effect.dieMessage(`process ${index} of ${deployment} is not listed`))
  })

export const shape = (processes: number, fingerprint = ""): Shape => ({ processes, fingerprint })

/** Gives a deployment another shape, as `Deployment.reshape` does. */
export const reshaped = (deployment: string, from: Shape, to: Shape) =>
  Effect.gen(function* () {
    const lease = yield* ProcessLease
    yield* lease.suspend(deployment)
    yield* lease.reshape(yield* lease.seize(deployment), from, to)
  })
