/**
 * What a process knows of its partition's quarantine: the list as it was read, with what it has stored since. Only the
 * process adds to the list, so whoever is on it and not known here cannot be; a key that somebody else has ended is
 * noticed by the store, which refuses to pass it over.
 */
import type { ConsumerId, Quarantine } from "@aecor/core"
import { Clock, Effect, Option, Schedule, SubscriptionRef, Stream } from "effect"
import type { FailurePolicy } from "../FailurePolicy.js"
import type { SetAside } from "./fold.js"

type List = ReadonlyMap<string, Quarantine.Entry>

export interface Waiting<E> {
  readonly list: Effect.Effect<List>
  readonly reload: Effect.Effect<List, E>
  /** What a commit stores of those that failed and those that were passed over; nothing where there are none. */
  readonly changes: <F>(folded: {
    readonly entered: ReadonlyMap<string, SetAside<F>>
    readonly passed: ReadonlyMap<string, number>
  }) => Effect.Effect<Option.Option<Quarantine.Changes>, E | F>
  /** The commit has stored them. */
  readonly stored: (changes: Quarantine.Changes) => Effect.Effect<void>
  /** Tries all of them again as the policy says, for ever. */
  readonly retrying: <X, R>(
    retry: (entry: Quarantine.Entry) => Effect.Effect<Quarantine.Outcome, X, R>
  ) => Effect.Effect<never, X | E, R>
}

export const make = <E>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly policy: FailurePolicy
  readonly quarantined: (name: string) => Effect.Effect<ReadonlyArray<Quarantine.Entry>, E>
}): Effect.Effect<Waiting<E>, E> =>
  Effect.gen(function* () {
    const { consumer, policy, quarantined } = options
    const { partition, name: tag } = consumer.tag
    const read = Effect.map(
      quarantined(consumer.name),
      (entries): List =>
        new Map(
          entries.flatMap((entry) =>
            entry.consumer.tag.name === tag && entry.consumer.tag.partition === partition ? [[entry.key, entry]] : []
          )
        )
    )
    const known = yield* SubscriptionRef.make(yield* read)
    const reload = Effect.tap(read, (list) => SubscriptionRef.set(known, list))

    const changes = Effect.fnUntraced(function* <F>({
      entered,
      passed
    }: {
      readonly entered: ReadonlyMap<string, SetAside<F>>
      readonly passed: ReadonlyMap<string, number>
    }): Effect.fn.Return<Option.Option<Quarantine.Changes>, E | F> {
      if (entered.size === 0 && passed.size === 0) return Option.none()
      const since = yield* Clock.currentTimeMillis
      const limit = policy._tag === "Quarantine" ? policy.limit : 0
      if (entered.size > 0 && (yield* known).size + entered.size > limit) {
        const [first] = entered.values()
        if (first !== undefined && (yield* reload).size + entered.size > limit) return yield* Effect.fail(first.error)
      }
      return Option.some({
        passed,
        entered: Array.from(entered, ([key, { failure, last }]): Quarantine.Entry => ({
          ...failure,
          consumer,
          key,
          since,
          attempts: 1,
          last
        }))
      })
    })

    const stored: Waiting<E>["stored"] = Effect.fnUntraced(function* ({ entered, passed }) {
      yield* SubscriptionRef.update(known, (before) => {
        const after = new Map(before)
        for (const entry of entered) after.set(entry.key, entry)
        for (const [key, last] of passed) {
          const entry = after.get(key)
          if (entry !== undefined) after.set(key, { ...entry, last: Math.max(last, entry.last) })
        }
        return after
      })
      for (const { cause, key } of entered) {
        yield* Effect.logWarning(`${consumer.toString()}: key ${JSON.stringify(key)} is set aside: ${cause}`)
      }
    })

    const until = (holds: (list: List) => boolean) => Effect.asVoid(Stream.runHead(Stream.filter(known.changes, holds)))
    const isEmpty = (list: List) => list.size === 0

    const retrying = <X, R>(retry: (entry: Quarantine.Entry) => Effect.Effect<Quarantine.Outcome, X, R>) =>
      Effect.gen(function* () {
        if (policy._tag === "Halt" || Option.isNone(policy.retry)) return yield* Effect.never
        const { value: schedule } = policy.retry
        const all = Effect.zipRight(
          Effect.flatMap(reload, (list) => Effect.forEach(list.values(), retry, { discard: true })),
          reload
        )
        const round = Effect.gen(function* () {
          yield* until((list) => !isEmpty(list))
          const driver = yield* Schedule.driver(schedule)
          while (yield* Effect.isSuccess(driver.next(undefined))) if (isEmpty(yield* all)) return
          yield* until(isEmpty)
        })
        return yield* Effect.forever(round)
      })

    return { list: known.get, reload, changes, stored, retrying }
  })
