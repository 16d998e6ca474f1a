/**
 * The entities of one kind that this node owns. A key has one instance here; the cluster's messages and the commands of
 * this node, which come without a message, take their turns at it.
 *
 * An instance lives in the scope that the cluster gives an awake entity, which it closes when the entity is idle, and
 * before it lets go of the key's shard. From then on the instance begins nothing, and what it has begun it finishes;
 * only then the shard goes, or the key gets its next instance. Not guaranteed: that no other node believes to own the
 * key, as with the cluster's messages (a frozen node notices late). The journal decides then.
 */
import { Context, Duration, Effect, Exit, FiberSet, Runtime, type Scope, Tracer } from "effect"
import type { Answer, Envelope, Registration } from "../Registration.js"
import type { Deadlines } from "./deadlines.js"
import * as Turns from "./turns.js"

export interface OwnInstance {
  /** Runs a command that the cluster has delivered. */
  readonly deliver: (tag: string, envelope: Envelope) => Effect.Effect<Answer, unknown>
  /** Runs a command of this node. */
  readonly take: (tag: string, envelope: Envelope) => Effect.Effect<Turns.Outcome>
  /** How many commands wait or run. */
  readonly size: () => number
}

export interface OwnInstances {
  /** The instance of a key that the cluster has woken. `isOwned` is asked again and again. */
  readonly open: (key: string, isOwned: () => boolean) => Effect.Effect<OwnInstance, never, Scope.Scope>
  /** The instance of a key, where it is awake on this node and may begin something. */
  readonly at: (key: string) => OwnInstance | undefined
  /** The same, woken if need be, where this node owns the key. */
  readonly wake: (key: string) => Effect.Effect<OwnInstance | undefined>
}

/** An instance with what only this file knows of it. */
interface Entry {
  readonly instance: OwnInstance
  readonly turns: Turns.Turns
  readonly isOpen: () => boolean
  /** When the cluster last heard of it: what it does beside the cluster's messages does not keep it awake. */
  heardAt: number
}

const parentSpan: Effect.Effect<Tracer.AnySpan | undefined> = Effect.map(
  Effect.context<never>(),
  (context) => context.unsafeMap.get(Tracer.ParentSpan.key) as Tracer.AnySpan | undefined
)

/**
 * - `owns`: whether this node owns a key.
 * - `call`: sends an entity a message that does nothing but wake it; the cluster then keeps it awake for its idle time.
 * - `every`: how often a busy entity has to be called to stay awake.
 */
export const make = (options: {
  readonly registration: Registration
  readonly owns: (key: string) => boolean
  readonly call: (key: string) => Effect.Effect<unknown, unknown>
  readonly every: Duration.Duration
  readonly timeout: Duration.Duration
  readonly deadlines: Deadlines
}): Effect.Effect<OwnInstances, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { owns, registration } = options
    const entries = new Map<string, Entry>()
    const waking = new Map<string, Effect.Latch>()
    const clock = yield* Effect.clock
    const runtime = yield* Effect.interruptible(Effect.runtime<never>())
    // whatever surrounds the building of a layer is not the commands' own
    const runFork = Runtime.runFork(Runtime.make({ ...runtime, context: Context.empty() }))
    const runCall = yield* Effect.interruptible(FiberSet.makeRuntime<never>())
    const every = Duration.toMillis(options.every)

    /** Sends the message; a failure shows in that the entity is not awake. */
    const called = (key: string) =>
      options.call(key).pipe(
        Effect.timeout(options.timeout),
        Effect.catchAllCause(() => Effect.void)
      )

    const entryOf = (key: string, isOwned: () => boolean): Entry => {
      const run = registration.make(key)
      const turns = Turns.make(runFork)
      const isOpen = () => !turns.isClosing() && isOwned()
      const conditions = { mayBegin: isOpen, deadlines: options.deadlines }
      const attributes = { "entity.type": registration.name, "entity.id": key }
      const instance: OwnInstance = {
        deliver: (tag, envelope) =>
          Effect.flatMap(parentSpan, (span) => {
            const command = run(tag, envelope)
            const traced = span === undefined ? command : Effect.withParentSpan(command, span)
            return Effect.flatMap(turns.take(traced), (outcome) => (Exit.isExit(outcome) ? outcome : Effect.interrupt))
          }),
        take: (tag, envelope) =>
          Effect.flatMap(parentSpan, (parent) =>
            turns.take(
              Effect.withSpan(run(tag, envelope), `${registration.name}(${key}).${tag}`, {
                attributes,
                captureStackTrace: false,
                ...(parent === undefined ? {} : { parent })
              }),
              conditions
            )
          ),
        size: turns.size
      }
      return { instance, turns, isOpen, heardAt: clock.unsafeCurrentTimeMillis() }
    }

    const at = (key: string): OwnInstance | undefined => {
      const entry = entries.get(key)
      if (entry === undefined || !entry.isOpen()) return undefined
      const now = clock.unsafeCurrentTimeMillis()
      if (now - entry.heardAt >= every) {
        entry.heardAt = now
        runCall(called(key))
      }
      return entry.instance
    }

    return {
      open: (key, isOwned) =>
        Effect.acquireRelease(
          Effect.gen(function* () {
            yield* entries.get(key)?.turns.closed ?? Effect.void
            const entry = entryOf(key, isOwned)
            entries.set(key, entry)
            return entry
          }),
          (entry) =>
            Effect.ensuring(
              entry.turns.close,
              // the key's next instance may be there already: it has waited for the end of this one, and no longer
              Effect.sync(() => {
                if (entries.get(key) === entry) entries.delete(key)
              })
            )
        ).pipe(Effect.map(({ instance }) => instance)),
      at,
      wake: (key) =>
        Effect.suspend(() => {
          if (!owns(key)) return Effect.succeed(undefined)
          let awake = waking.get(key)
          if (awake === undefined) {
            const latch = Effect.unsafeMakeLatch(false)
            awake = latch
            waking.set(key, latch)
            // beside its caller: others may wait for it, too
            runCall(
              Effect.ensuring(
                called(key),
                Effect.suspend(() => {
                  waking.delete(key)
                  return latch.open
                })
              )
            )
          }
          return Effect.map(awake.await, () => at(key))
        })
    }
  })
