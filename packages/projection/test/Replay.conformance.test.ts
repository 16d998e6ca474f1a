import { ProcessLease } from "@aecor/core"
import { ReplaySuite } from "@aecor/projection/testing"
import { Layer } from "effect"

ReplaySuite.suite(
  "memory",
  Layer.mergeAll(ReplaySuite.FewJournal.layerMemory, ReplaySuite.SumsView.layerMemory).pipe(
    Layer.provideMerge(ProcessLease.layerMemory)
  )
)
