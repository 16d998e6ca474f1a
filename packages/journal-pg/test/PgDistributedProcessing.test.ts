import { DistributedProcessing } from "@aecor/core"
import { DistributedProcessingSuite } from "@aecor/core/testing"
import { Layer } from "effect"
import { vi } from "vitest"
import { cluster } from "./fixtures/cluster.js"

// each test has a cluster of its own, and mostly waits
vi.setConfig({ maxConcurrency: 9 })

DistributedProcessingSuite.suite(
  "processes on a cluster of Postgres",
  DistributedProcessing.layerCluster.pipe(Layer.provideMerge(cluster)),
  { clock: "live" }
)
