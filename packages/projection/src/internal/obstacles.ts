/** What keeps one version of a view from serving in the place of another. */
import type { ConsumerId, Quarantine } from "@aecor/core"
import { Effect } from "effect"
import type { ViewStore } from "../View.js"

interface Side {
  readonly store: Pick<ViewStore<unknown>, "load" | "quarantined">
  readonly consumers: ReadonlyArray<ConsumerId.ConsumerId>
}

/** Whether a key that waits at an event in the next version waits in the present one too, at that event or an earlier one. */
const isNoWorse = (entry: Quarantine.Entry, present: ReadonlyArray<Quarantine.Entry>): boolean =>
  present.some(
    ({ consumer, key, sequence }) =>
      key === entry.key && sequence <= entry.sequence && consumer.tag.partition === entry.consumer.tag.partition
  )

/** The offsets and the quarantines of both, compared. */
export const obstacles = (present: Side, next: Side) =>
  Effect.gen(function* () {
    const behind = []
    for (const [i, consumer] of present.consumers.entries()) {
      const { offset: of } = yield* present.store.load(consumer, [])
      const { offset } = yield* next.store.load(next.consumers[i] ?? consumer, [])
      if (offset < of) behind.push({ partition: consumer.tag.partition, offset, of })
    }
    const waiting = yield* next.store.quarantined(next.consumers[0]?.name ?? "")
    const before = yield* present.store.quarantined(present.consumers[0]?.name ?? "")
    return { behind, quarantined: waiting.filter((entry) => !isNoWorse(entry, before)) }
  })
