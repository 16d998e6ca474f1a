import { DistributedProcessing, OffsetStore, ProcessLease } from "@aecor/core"
import { Timers } from "@aecor/projection"
import { TimersSuite } from "@aecor/projection/testing"
import { Layer } from "effect"

TimersSuite.suite(
  "in memory",
  Layer.mergeAll(
    TimersSuite.FiredJournal.layerMemory,
    Timers.layerMemory,
    OffsetStore.layerMemory,
    DistributedProcessing.layerLocal
  ).pipe(Layer.provideMerge(ProcessLease.layerMemory))
)
