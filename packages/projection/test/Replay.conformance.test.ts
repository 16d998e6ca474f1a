import { ProcessLease } from "@aecor/core"
import { ViewAliases } from "@aecor/projection"
import { ReplaySuite } from "@aecor/projection/testing"
import { Layer } from "effect"

const { FewJournal, NextSumsView, SumsView, suite } = ReplaySuite

suite(
  "memory",
  Layer.mergeAll(FewJournal.layerMemory, SumsView.layerMemory, NextSumsView.layerMemory, ViewAliases.layerMemory).pipe(
    Layer.provideMerge(ProcessLease.layerMemory)
  ),
  { runs: 12 }
)
