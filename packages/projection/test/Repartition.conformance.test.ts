import { OffsetStore, ProcessLease } from "@aecor/core"
import { Releases } from "@aecor/core/testing"
import { RepartitionSuite } from "@aecor/projection/testing"
import { Layer } from "effect"

const { FewJournal, ManyJournal, SumsView, suite } = RepartitionSuite

suite(
  "memory",
  Layer.mergeAll(Releases.layerMemory(FewJournal, ManyJournal), SumsView.layerMemory, OffsetStore.layerMemory).pipe(
    Layer.provideMerge(ProcessLease.layerMemory)
  ),
  { every: 5 }
)
