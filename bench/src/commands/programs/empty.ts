/** A stock entity of @effect/cluster with its default settings, and nothing in its handler. */
import { Entity } from "@effect/cluster"
import { Context, Effect, Layer } from "effect"
import { Add, database } from "../Counter.js"
import * as OneNode from "../OneNode.js"
import { type Place, program } from "../Serving.js"

const Stock = Entity.make("Stock", [Add])

const served = Stock.toLayer({ Add: ({ payload }) => Effect.succeed(payload.by) })

class Client extends Context.Tag("bench/Client")<Client, Effect.Effect.Success<typeof Stock.client>>() {}

const layer = ({ port, url }: Place) =>
  Layer.effect(Client, Stock.client).pipe(
    Layer.provide(served),
    Layer.provide(OneNode.layer(port)),
    Layer.provide(database(url))
  )

program(layer, { add: (key) => Effect.flatMap(Client, (client) => client(key).Add({ by: 1 })) })
