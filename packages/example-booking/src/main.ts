/**
 * One node of the application: HTTP, entities and processes, sharing a Postgres with the other nodes. SIGTERM lets it
 * leave in good order.
 *
 * It is set by its environment; the README has the table. What is set wrong stops the start with a line that names it.
 */
import { RunnerName } from "@aecor/core"
import { Config, Effect, Layer } from "effect"
import { App } from "./app.js"
import { Database } from "./database.js"
import * as Operator from "./http/Operator.js"
import * as Server from "./http/Server.js"
import { NodeName } from "./page/NodeName.js"
import { Postgres } from "./postgres.js"
import { leavingWithin, runMain } from "./runMain.js"
import * as Settings from "./Settings.js"

const host = Config.withDefault(Config.nonEmptyString("HOST"), "127.0.0.1")
const listenHost = Config.orElse(Config.nonEmptyString("LISTEN_HOST"), () => host)
const clusterPort = Config.withDefault(Config.port("CLUSTER_PORT"), 34431)

const Address = Config.all({
  host,
  port: clusterPort,
  listen: Config.all({ host: listenHost, port: clusterPort })
})

const HttpAddress = Layer.effect(
  Server.Address,
  Config.all({ host: listenHost, port: Config.withDefault(Config.port("HTTP_PORT"), 8080) })
)

/** Who may see more than his own bookings. */
const Operators = Operator.layerConfig(listenHost)

/** Its name in the cluster. */
const Name = Layer.effect(NodeName, Effect.map(Address, RunnerName.of))

// Memory ⇄ Postgres is this line: `Memory` in the place of `Postgres` runs the same application in this process alone.
const Main = App.pipe(Layer.provide(Layer.unwrapEffect(Effect.map(Address, Postgres))))

// Nobody collects spans here, and making them costs a fifth of the processor. A tracer's layer belongs in this place.
const NoTracer = Layer.setTracerEnabled(false)

/** More than leaving in good order takes: what is left then waits for a database that does not answer. */
const patience = "10 seconds"

runMain(
  Layer.launch(Main.pipe(Layer.provide([HttpAddress, Name, Operators, Database, Settings.layerConfig, NoTracer]))).pipe(
    leavingWithin(patience)
  )
)
