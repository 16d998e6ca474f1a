import { SnapshotStore } from "@aecor/core"
import { SnapshotStoreSuite } from "@aecor/core/testing"

SnapshotStoreSuite.suite("the snapshot store in memory", SnapshotStore.layerMemory, { histories: 60 })
