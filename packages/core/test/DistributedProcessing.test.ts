import { DistributedProcessing, ProcessLease } from "@aecor/core"
import { DistributedProcessingSuite, TestCluster } from "@aecor/core/testing"
import { Layer } from "effect"

DistributedProcessingSuite.suite(
  "processes on this node",
  DistributedProcessing.layerLocal.pipe(Layer.provideMerge(ProcessLease.layerMemory))
)

DistributedProcessingSuite.suite(
  "processes in a cluster",
  DistributedProcessing.layerCluster.pipe(
    Layer.provide(TestCluster.layer),
    Layer.provideMerge(ProcessLease.layerMemory)
  )
)
