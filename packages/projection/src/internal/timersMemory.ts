/** Timers in the memory of one process. Every operation is one synchronous step, so none can interleave. */
import { type ProcessContext, ProcessLease } from "@aecor/core"
import { Clock, Duration, Effect, Option, Order } from "effect"
import {
  type Cancelled,
  type Entry,
  keyOf,
  type Operations,
  type Scheduled,
  type Share,
  slotOf,
  type Timer,
  TimersError,
  toEntry
} from "../Timer.js"

interface Stored {
  readonly entry: Entry
  readonly slot: number
  state: "Pending" | "Taken" | "HandedOver"
}

type Place = Pick<Timer, "due" | "id">

const millisOf = ({ due }: Place): number => due.epochMillis
const inOrder = Order.combine(
  Order.mapInput(Order.number, millisOf),
  Order.mapInput(Order.string, ({ id }: Place) => id)
)

/** `horizon`: how soon a timer has to be due for the processes to hear of it. */
export const make = (horizon: Duration.Duration): Effect.Effect<Operations, never, ProcessLease.ProcessLease> =>
  Effect.map(ProcessLease.ProcessLease, (lease) => {
    const timers = new Map<string, Stored>()
    const listeners = new Set<() => void>()

    const step = <A>(operation: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, operation)
    const check = (fence: ProcessContext.Fence) =>
      Effect.catchTag(
        lease.check(fence),
        "ProcessLeaseError",
        (cause) => new TimersError({ description: `the fence could not be checked: ${cause.message}`, cause })
      )
    const those = (holds: (stored: Stored) => boolean): ReadonlyArray<Stored> =>
      [...timers.values()].filter(holds).toSorted((a, b) => inOrder(a.entry, b.entry))
    const isPendingOf = (name: string) => (stored: Stored) => stored.state === "Pending" && stored.entry.name === name
    /** The timers of a share that are not handed over. */
    const open = ({ name, slots }: Share) =>
      those(({ entry, slot, state }) => state !== "HandedOver" && entry.name === name && slots.includes(slot))

    return {
      schedule: (timer) =>
        Effect.flatMap(toEntry(timer), (entry) =>
          step((now): Scheduled => {
            const { id, name } = entry
            const key = keyOf(name, id)
            const present = timers.get(key)
            if (present !== undefined && present.state !== "Pending") return "AlreadyFired"
            if (present !== undefined && isSame(present.entry, entry)) return "Unchanged"
            timers.set(key, { entry, slot: slotOf(name, id), state: "Pending" })
            if (millisOf(entry) < now + Duration.toMillis(horizon)) for (const listener of listeners) listener()
            return present === undefined ? "Scheduled" : "Rescheduled"
          })
        ),
      cancel: (name, id) =>
        Effect.sync((): Cancelled => {
          const present = timers.get(keyOf(name, id))
          if (present === undefined) return "NotFound"
          if (present.state !== "Pending") return "AlreadyFired"
          timers.delete(keyOf(name, id))
          return "Cancelled"
        }),
      pending: (name, { after, most }) =>
        Effect.sync(() =>
          those(isPendingOf(name))
            .map(({ entry }) => entry)
            .filter((entry) => after === undefined || inOrder(entry, after) > 0)
            .slice(0, most)
        ),
      count: (name) => Effect.sync(() => those(isPendingOf(name)).length),
      untilDue: (share) =>
        step((now) =>
          Option.map(Option.fromNullable(open(share)[0]), ({ entry }) => Math.max(0, millisOf(entry) - now))
        ),
      take: (share, { fence, most }) =>
        Effect.zipRight(
          check(fence),
          step((now) =>
            open(share)
              .filter(({ entry }) => millisOf(entry) <= now)
              .slice(0, most)
              .map((stored) => {
                stored.state = "Taken"
                return stored.entry
              })
          )
        ),
      handedOver: (name, { fence, ids }) =>
        Effect.map(check(fence), () => {
          for (const id of ids) {
            const taken = timers.get(keyOf(name, id))
            if (taken?.state === "Taken") taken.state = "HandedOver"
          }
        }),
      subscribe: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => void listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        )
    }
  })

const isSame = (stored: Entry, { due, payload }: Pick<Entry, "due" | "payload">): boolean =>
  stored.due.epochMillis === due.epochMillis && JSON.stringify(stored.payload) === JSON.stringify(payload)
