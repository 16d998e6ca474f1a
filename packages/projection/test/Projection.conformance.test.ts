import { DistributedProcessing, ProcessLease } from "@aecor/core"
import { ProjectionSuite } from "@aecor/projection/testing"
import { Layer } from "effect"

const { TotalsJournal, TotalsView, suite } = ProjectionSuite

suite(
  "memory",
  Layer.mergeAll(TotalsJournal.layerMemory, TotalsView.layerMemory, DistributedProcessing.layerLocal).pipe(
    Layer.provideMerge(ProcessLease.layerMemory)
  ),
  { runs: 50 }
)
