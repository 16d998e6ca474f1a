import { OffsetStore, ProcessLease } from "@aecor/core"
import { OffsetStoreSuite } from "@aecor/core/testing"
import { Layer } from "effect"

OffsetStoreSuite.suite(
  "the offset store in memory",
  OffsetStore.layerMemory.pipe(Layer.provideMerge(ProcessLease.layerMemory))
)
