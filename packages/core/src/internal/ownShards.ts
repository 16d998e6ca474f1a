/**
 * The shards that this node owns of one kind of entity.
 *
 * A shard is an entity of the cluster, for all of its keys: the cluster wakes it with the first message, keeps it, and
 * ends it before it lets go of the shard. Then the shard goes only when all that it has begun is finished.
 */
import { Duration, Effect, FiberSet, Metric, type Scope } from "effect"
import * as OwnShard from "./ownShard.js"

export interface OwnShards {
  /** A shard that the cluster has woken. `isOwned` is asked again and again. */
  readonly open: (shard: string, isOwned: () => boolean) => Effect.Effect<OwnShard.OwnShard, never, Scope.Scope>
  /** A shard, where it is awake on this node and may begin something. */
  readonly at: (shard: string) => OwnShard.OwnShard | undefined
  /** The same, woken if need be. */
  readonly wake: (shard: string) => Effect.Effect<OwnShard.OwnShard | undefined>
}

/** In its idle time an instance is looked at so often, and no more often than this, however short that is. */
const looksInIdleTime = 4
const shortest = Duration.millis(100)

const awake = Metric.gauge("aecor_entities_awake", { description: "Entities whose state is in memory" })

/**
 * - `call`: sends a shard a message that does nothing but wake it.
 * - `idleTimeToLive`: how long a key without commands stays awake.
 */
export const make = (
  options: OwnShard.Settings & {
    readonly call: (shard: string) => Effect.Effect<unknown, unknown>
    readonly timeout: Duration.Duration
    readonly idleTimeToLive: Duration.Duration
  }
): Effect.Effect<OwnShards, never, Scope.Scope> =>
  Effect.gen(function* () {
    const shards = new Map<string, OwnShard.OwnShard>()
    const waking = new Map<string, Effect.Latch>()
    const clock = yield* Effect.clock
    const makeShard = yield* OwnShard.make(options)
    const runCall = yield* Effect.interruptible(FiberSet.makeRuntime<never>())
    const gauge = Metric.tagged(awake, "type", options.registration.name)

    const look = Effect.suspend(() => {
      const since = clock.unsafeCurrentTimeMillis() - Duration.toMillis(options.idleTimeToLive)
      let count = 0
      for (const shard of shards.values()) {
        shard.dropIdle(since)
        count += shard.awake()
      }
      return Metric.set(gauge, count)
    })
    const interval = Duration.max(shortest, Duration.times(options.idleTimeToLive, 1 / looksInIdleTime))
    yield* Effect.delay(look, interval).pipe(Effect.forever, Effect.interruptible, Effect.forkScoped)

    /** Sends the message; a failure shows in that the shard is not awake. */
    const called = (shard: string) =>
      options.call(shard).pipe(
        Effect.timeout(options.timeout),
        Effect.catchAllCause(() => Effect.void)
      )

    const ended = (shard: string, own: OwnShard.OwnShard) =>
      Effect.ensuring(
        own.close,
        Effect.sync(() => {
          // its successor may be there already
          if (shards.get(shard) === own) shards.delete(shard)
        })
      )

    const at = (shard: string): OwnShard.OwnShard | undefined => {
      const own = shards.get(shard)
      return own?.isOpen() === true ? own : undefined
    }

    return {
      open: (shard, isOwned) =>
        Effect.acquireRelease(
          Effect.gen(function* () {
            // the cluster closes no entity whose waking was interrupted, so who comes next does
            for (let last = shards.get(shard); last !== undefined; last = shards.get(shard)) yield* ended(shard, last)
            const own = makeShard(isOwned)
            shards.set(shard, own)
            return own
          }),
          (own) => ended(shard, own)
        ),
      at,
      wake: (shard) =>
        Effect.suspend(() => {
          let woken = waking.get(shard)
          if (woken === undefined) {
            const latch = Effect.unsafeMakeLatch(false)
            woken = latch
            waking.set(shard, latch)
            // beside its caller: others may wait for it, too
            runCall(
              Effect.ensuring(
                called(shard),
                Effect.suspend(() => {
                  waking.delete(shard)
                  return latch.open
                })
              )
            )
          }
          return Effect.map(woken.await, () => at(shard))
        })
    }
  })
