/**
 * The entities of one kind in one shard, while this node owns the shard. A key has one instance; the cluster's messages
 * and the commands of this node, which come without a message, take their turns at it.
 *
 * An instance is made for the first command and dropped with its cached state when it has been idle, which costs next to
 * nothing either way: it has nothing to end. From the shard's end on nothing begins, and what has begun is finished. Not
 * guaranteed: that no other node believes to own the shard, as with the cluster's messages (a frozen node notices late).
 * The journal decides then.
 */
import { Context, Effect, Exit, Runtime, Tracer } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Answer, Envelope, Registration } from "../Registration.js"
import type { Deadlines } from "./deadlines.js"
import * as Turns from "./turns.js"

/** How many commands may wait for an entity, as in the cluster's own mailboxes. */
const capacity = 4096

/** What became of a command: as of its turn; or too many others wait. */
type Outcome = Turns.Outcome | "Full"

export interface OwnShard {
  /** Whether something may begin here. */
  readonly isOpen: () => boolean
  /** Runs a command that the cluster has delivered. */
  readonly deliver: (tag: string, envelope: Envelope) => Effect.Effect<Answer, unknown>
  /** Runs a command of this node. */
  readonly take: (tag: string, envelope: Envelope) => Effect.Effect<Outcome>
  /** How many keys are awake. */
  readonly awake: () => number
  /** Drops the instances that have had no command for so long, in milliseconds. */
  readonly dropIdle: (since: number) => void
  /** Ends it: sends away what waits, and waits for what has begun, not for ever. More than once is as good as once. */
  readonly close: Effect.Effect<void>
}

/** The instance of a key. */
interface Instance {
  readonly run: (tag: string, envelope: Envelope) => Effect.Effect<Answer, unknown>
  readonly turns: Turns.Turns
  usedAt: number
}

const parentSpan: Effect.Effect<Tracer.AnySpan | undefined> = Effect.map(
  Effect.context<never>(),
  (context) => context.unsafeMap.get(Tracer.ParentSpan.key) as Tracer.AnySpan | undefined
)

/** What the shards of one kind of entity have in common. */
export interface Settings {
  readonly registration: Registration
  readonly deadlines: Deadlines
}

/** How a shard of these settings is made. `isOwned` is asked again and again. */
export const make = ({ deadlines, registration }: Settings): Effect.Effect<(isOwned: () => boolean) => OwnShard> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const runtime = yield* Effect.interruptible(Effect.runtime<never>())
    // whatever surrounds the building of a layer is not the commands' own
    const runFork = Runtime.runFork(Runtime.make({ ...runtime, context: Context.empty() }))

    return (isOwned) => {
      const instances = new Map<string, Instance>()
      let closing = false
      const isOpen = () => !closing && isOwned()
      const conditions = { mayBegin: isOpen, deadlines }

      const instanceOf = (key: string): Instance => {
        let instance = instances.get(key)
        if (instance === undefined) {
          instance = { run: registration.make(key), turns: Turns.make(runFork), usedAt: 0 }
          instances.set(key, instance)
        }
        instance.usedAt = clock.unsafeCurrentTimeMillis()
        return instance
      }

      const command = ({ run }: Instance, tag: string, envelope: Envelope, parent: Tracer.AnySpan | undefined) =>
        Effect.withSpan(run(tag, envelope), `${registration.name}(${envelope.key}).${tag}`, {
          attributes: { "entity.type": registration.name, "entity.id": envelope.key },
          captureStackTrace: false,
          ...(parent === undefined ? {} : { parent })
        })

      const full = (key: string) =>
        new CommandFailed({
          entity: registration.name,
          key,
          reason: "MailboxFull",
          // an earlier sending may have run: the cluster sends again when a connection is lost
          inDoubt: true,
          description: tooMany
        })

      return {
        isOpen,
        deliver: (tag, envelope) =>
          Effect.flatMap(parentSpan, (parent) => {
            if (closing) return Effect.interrupt
            const instance = instanceOf(envelope.key)
            if (instance.turns.size() >= capacity) return Effect.fail(full(envelope.key))
            return Effect.flatMap(instance.turns.take(command(instance, tag, envelope, parent)), (outcome) =>
              Exit.isExit(outcome) ? outcome : Effect.interrupt
            )
          }),
        take: (tag, envelope) =>
          Effect.flatMap(parentSpan, (parent): Effect.Effect<Outcome> => {
            const instance = instanceOf(envelope.key)
            if (instance.turns.size() >= capacity) return Effect.succeed("Full")
            return instance.turns.take(command(instance, tag, envelope, parent), conditions)
          }),
        awake: () => instances.size,
        dropIdle: (since) => {
          for (const [key, instance] of instances) {
            if (instance.turns.size() > 0) instance.usedAt = clock.unsafeCurrentTimeMillis()
            else if (instance.usedAt <= since) instances.delete(key)
          }
        },
        close: Effect.suspend(() => {
          closing = true
          const busy = [...instances.values()].filter(({ turns }) => turns.size() > 0)
          return Effect.forEach(busy, ({ turns }) => turns.close, { concurrency: "unbounded", discard: true })
        })
      }
    }
  })

/** Of a mailbox that is full. */
export const tooMany = "too many commands wait for this entity"
