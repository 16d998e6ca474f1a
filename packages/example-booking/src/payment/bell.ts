/** Who waits for payments on a node, and how they are told: one bell for all of them. */
import { Effect, Stream, SubscriptionRef } from "effect"

export const make = Effect.map(SubscriptionRef.make(0), (rings) => ({
  ring: SubscriptionRef.update(rings, (n) => n + 1),
  arrivals: SubscriptionRef.get(rings),
  // `changes` gives the present number first: a ring in between is not missed
  arrivedSince: (before: number) => Stream.runDrain(Stream.takeUntil(rings.changes, (n) => n > before))
}))
