/**
 * An entity's snapshots in their store. Nothing that the store does or does not do fails a command or holds it up for
 * longer than `patience`, when an entity wakes; saving goes on beside the commands.
 */
import type { KeyValueStore } from "@effect/platform"
import { type Cause, Effect, Fiber, Mailbox, Option, type Scope } from "effect"
import type { Snapshotting } from "../Snapshotting.js"
import type { Loaded } from "./loaded.js"
import * as RecentCommands from "./recentCommands.js"
import * as snapshotCodec from "./snapshotCodec.js"

export interface Snapshots<S> {
  /** Whether a snapshot is to be saved after the events between two sequences. */
  readonly isDue: (from: number, to: number) => boolean
  /** The latest snapshot of a key, where there is one that can be used. */
  readonly find: (key: string) => Effect.Effect<Loaded<S> | undefined>
  /** Hands a snapshot over to be saved; does not wait for it. */
  readonly save: (key: string, loaded: Loaded<S>) => Effect.Effect<void>
}

/** How long the store is waited for: to find a snapshot, to save one, and to save what is left when the scope closes. */
const patience = "2 seconds"

/** Snapshots that wait to be saved, at the most. */
const capacity = 256

/** Whether a multiple of `every` lies above `from`, and not above `to`. */
export const passesMultiple = (every: number, from: number, to: number): boolean =>
  Math.floor(to / every) > Math.floor(from / every)

export const make = <S, R>(
  entity: string,
  snapshotting: Snapshotting<S, R>,
  store: KeyValueStore.KeyValueStore
): Effect.Effect<Snapshots<S>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const storeKey = (key: string) => JSON.stringify([entity, key])
    const warn = (key: string, what: string, cause?: Cause.Cause<unknown>) =>
      Effect.logWarning(`${entity} ${JSON.stringify(key)}: ${what}`, ...(cause === undefined ? [] : [cause]))

    /** For so long, and with a warning in place of an error. */
    const tried = <A, E>(key: string, failure: string, effect: Effect.Effect<A, E>): Effect.Effect<A | undefined> =>
      effect.pipe(
        Effect.disconnect,
        Effect.timeout(patience),
        Effect.catchAllCause((cause) => Effect.as(warn(key, failure, cause), undefined))
      )

    const read = Effect.fnUntraced(function* (key: string) {
      const text = yield* store.get(storeKey(key))
      if (Option.isNone(text)) return undefined
      const found = yield* snapshotCodec.decode(snapshotting, text.value)
      if (typeof found !== "number") return found
      yield* Effect.logDebug(`${entity} ${JSON.stringify(key)}: its snapshot is of version ${found}, and not used`)
      return undefined
    })

    const write = (key: string, loaded: Loaded<S>) =>
      Effect.flatMap(snapshotCodec.encode(snapshotting, loaded), (text) => store.set(storeKey(key), text))

    const waiting = yield* Mailbox.make<readonly [key: string, loaded: Loaded<S>]>({ capacity, strategy: "dropping" })
    const saver = yield* Effect.flatMap(waiting.take, ([key, loaded]) =>
      tried(key, `its snapshot at ${loaded.sequence} was not saved`, write(key, loaded))
    ).pipe(Effect.forever, Effect.ignore, Effect.forkScoped)
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(waiting.end, Effect.ignore(Effect.timeout(Effect.interruptible(Fiber.await(saver)), patience)))
    )

    return {
      isDue: (from, to) => passesMultiple(snapshotting.every, from, to),
      find: (key) => tried(key, "its snapshot could not be read", read(key)),
      save: (key, loaded) =>
        Effect.suspend(() =>
          // the commands go on changing
          waiting.unsafeOffer([key, { ...loaded, recent: RecentCommands.of(RecentCommands.entries(loaded.recent)) }])
            ? Effect.void
            : warn(key, `its snapshot at ${loaded.sequence} was not saved: the store is too slow`)
        )
    }
  })
