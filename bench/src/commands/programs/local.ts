/** Journalled commands to entities of one process, without a cluster. */
import { EntityHost } from "@aecor/core"
import { Layer } from "effect"
import { commands, database, layerOn } from "../Counter.js"
import { program } from "../Serving.js"

program(({ url }) => layerOn(EntityHost.layerLocal).pipe(Layer.provide(database(url))), commands)
