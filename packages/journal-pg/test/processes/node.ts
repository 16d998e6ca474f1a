import { DistributedProcessing } from "@aecor/core"
import { PgCluster, PgProcessLease } from "@aecor/journal-pg"
import { Layer } from "effect"

// Where the other nodes reach this one is also its name.
export const worker = (address: { readonly host: string; readonly port: number }) =>
  DistributedProcessing.layerClusterWith({ weight: 2, roles: ["worker"] }).pipe(
    Layer.provide(PgCluster.layer(address)),
    Layer.provide(PgProcessLease.layer)
  )

// A node that hosts nothing: an operator's tool, a dashboard.
export const office = DistributedProcessing.layerCluster.pipe(
  Layer.provide(PgCluster.layerClientOnly()),
  Layer.provide(PgProcessLease.layer)
)
