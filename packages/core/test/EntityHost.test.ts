import { EntityHost } from "@aecor/core"
import { EntityHostSuite, TestCluster } from "@aecor/core/testing"
import { Layer } from "effect"

const settings: EntityHost.Settings = { idleTimeToLive: "20 seconds" }
const options: EntityHostSuite.Options = { idle: "50 seconds" }

EntityHostSuite.suite("an entity on this node", EntityHost.layerLocalWith(settings), options)

EntityHostSuite.suite(
  "an entity in a cluster",
  EntityHost.layerClusterWith(settings).pipe(Layer.provide(TestCluster.layer)),
  options
)
