import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { ProcessManagerSuite } from "@aecor/projection/testing"
import { Layer } from "effect"

const { ClerkJournal, LedgerJournal, Shop, ShopJournal } = ProcessManagerSuite

ProcessManagerSuite.suite(
  "in memory",
  Layer.mergeAll(
    ShopJournal.layerMemory,
    LedgerJournal.layerMemory,
    ClerkJournal.layerMemory,
    Shop.layerMemory,
    OffsetStore.layerMemory,
    EntityHost.layerLocal,
    DistributedProcessing.layerLocal
  ).pipe(Layer.provideMerge(ProcessLease.layerMemory))
)
