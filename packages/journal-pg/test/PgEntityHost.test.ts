import { EntityHost } from "@aecor/core"
import { EntityHostSuite } from "@aecor/core/testing"
import { Layer } from "effect"
import { vi } from "vitest"
import { cluster } from "./fixtures/cluster.js"

// each test has a cluster of its own, and mostly waits
vi.setConfig({ maxConcurrency: 9 })

EntityHostSuite.suite(
  "an entity on a cluster of Postgres",
  EntityHost.layerClusterWith({ idleTimeToLive: "5 seconds" }).pipe(Layer.provide(cluster)),
  // the cluster looks for idle entities every 5 seconds
  { clock: "live", idle: "15 seconds" }
)
