/** A node with live readers of all tags, which also appends at a steady pace. */
import { randomUUID } from "node:crypto"
import { Effect, Layer, ManagedRuntime } from "effect"
import { serve } from "../../run/Worker.js"
import { BenchJournal, layer } from "../BenchJournal.js"
import { events as all, metadata } from "../BookingEvent.js"
import * as Clock from "../Clock.js"
import { Follower } from "../Follower.js"
import { slice } from "../Writing.js"

/** An append of one event: when it was called, and when it was answered. */
export interface Sent {
  readonly position: number
  readonly called: number
  readonly answered: number
}

const start = (url: string) => ManagedRuntime.make(Layer.provideMerge(Follower.layer, layer(url)))
let runtime: ReturnType<typeof start> | undefined

const run = <A, E>(program: Effect.Effect<A, E, BenchJournal | Follower>): Promise<A> =>
  runtime === undefined ? Promise.reject(new Error("no journal is open")) : runtime.runPromise(program)

const tasks = {
  open: async (url: string): Promise<void> => {
    runtime = start(url)
    await run(Effect.asVoid(Follower))
  },

  /** Appends at a steady pace, whether or not earlier ones have been answered. */
  append: ({ events, perSecond }: { readonly events: number; readonly perSecond: number }) =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        Effect.forEach(
          Array.from({ length: events }, (_, n) => n),
          (n) =>
            Effect.gen(function* () {
              yield* Effect.sleep((n * 1000) / perSecond)
              const called = Clock.now()
              const { position } = yield* journal.append(`booking-${randomUUID()}`, 0, slice(all, n, 1), { metadata })
              const sent: Sent = { position, called, answered: Clock.now() }
              return sent
            }),
          { concurrency: "unbounded" }
        )
      )
    ),

  seen: (events: number) => run(Effect.flatMap(Follower, ({ seen }) => seen(events)))
}

export type Live = typeof tasks

serve(tasks)
