/** Journalled commands to entities of a cluster, sent on the node that owns them. */
import { EntityHost } from "@aecor/core"
import { Layer } from "effect"
import { add, database, layerOn } from "../Counter.js"
import * as OneNode from "../OneNode.js"
import { program } from "../Serving.js"

const host = EntityHost.layerCluster.pipe(Layer.provide(OneNode.layer))

program((url) => layerOn(host).pipe(Layer.provide(database(url))), add)
