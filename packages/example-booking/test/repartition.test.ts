/** The code of docs/repartition.md, run. */
import { Deployment, DistributedProcessing, OffsetStore, ProcessLease } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { BookingJournal } from "../src/domain/Booking.js"
import { BookingsView } from "../src/view/BookingsView.js"
import { repartition } from "./repartition/ops.js"
import { goOver, Heartbeats } from "./repartition/reshape.js"

const Leases = ProcessLease.layerMemory
const Memory = Layer.mergeAll(
  DistributedProcessing.layerLocal,
  BookingJournal.layerMemory,
  BookingsView.layerMemory,
  OffsetStore.layerMemory
).pipe(Layer.provideMerge(Leases))

it.effect("the page's commands find what they need, and do what they say", () =>
  Effect.gen(function* () {
    yield* repartition
    const lease = yield* ProcessLease.ProcessLease
    yield* lease.register("Heartbeats", 3)
    yield* Effect.scoped(Layer.build(Heartbeats))
    expect(yield* goOver).toEqual({
      from: { processes: 3, fingerprint: "" },
      to: { processes: 5, fingerprint: "2025-11" },
      running: true
    })
    const again = yield* Effect.flip(Deployment.reshape("Nothing", { processes: 5 }))
    expect(again._tag).toBe("UnknownDeployment")
  }).pipe(Effect.provide(Memory))
)
