/** Journalled commands to entities of a cluster, sent on the node that owns them. */
import { EntityHost } from "@aecor/core"
import { Layer } from "effect"
import { commands, database, layerOn } from "../Counter.js"
import * as OneNode from "../OneNode.js"
import { program } from "../Serving.js"

program(
  ({ port, url }) =>
    layerOn(EntityHost.layerCluster.pipe(Layer.provide(OneNode.layer(port)))).pipe(Layer.provide(database(url))),
  commands
)
