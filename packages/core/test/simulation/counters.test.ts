import { ConsumerId, DistributedProcessing, OffsetStore, Process, ProcessContext, Tagging } from "@aecor/core"
import { Simulation } from "@aecor/core/testing"
import { it } from "@effect/vitest"
import { Array, Effect } from "effect"

/** Counts on from where the process before it came to. */
const counter = Process.fromEffect(
  Effect.gen(function* () {
    const fence = yield* ProcessContext.ProcessContext
    const offsets = yield* OffsetStore.OffsetStore
    const consumer = ConsumerId.make("Counter", Tagging.EventTag.make({ name: "Count", partition: fence.index }))
    while (true) {
      const offset = yield* offsets.get(consumer)
      yield* offsets.commit({ consumer, fence, expected: offset, offset: offset + 1 })
      yield* Effect.sleep("1 second")
    }
  })
)

const Counters = DistributedProcessing.deploy("Counters", Array.replicate(counter, 4))

it.live("counters are run by one node at a time, and again after whatever happens", () =>
  Simulation.verify({
    deployments: Counters,
    shared: OffsetStore.layerMemory,
    faults: Simulation.storm({ kinds: ["Kill", "Freeze", "CutFromStore", "Leave", "Join"], until: "25 seconds" }),
    duration: "70 seconds",
    seeds: { first: 1, count: 2 }
  })
)
