/**
 * The HTTP interface, served: the endpoints, the contract at `/openapi.json`, a page to try it out at `/docs`.
 */
import { HttpApiBuilder, HttpApiSwagger, type HttpApp, type HttpRouter } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { BookingApi } from "./BookingApi.js"
import { BookingsHttp } from "./BookingsHttp.js"
import { ConcertsHttp } from "./ConcertsHttp.js"
import { guard } from "./Guard.js"
import { NodeHttp } from "./NodeHttp.js"
import { PaymentsHttp } from "./PaymentsHttp.js"
import * as Server from "./Server.js"

const api = Layer.provide(HttpApiBuilder.api(BookingApi), [BookingsHttp, PaymentsHttp, ConcertsHttp, NodeHttp])

/** What the application's requests need: the endpoints and the pages about them. */
const endpoints = Layer.mergeAll(HttpApiSwagger.layer(), HttpApiBuilder.middlewareOpenApi()).pipe(
  Layer.provideMerge(api),
  Layer.provideMerge(Layer.merge(HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer))
)

/** Hands the interface to whoever serves it. */
export const serveWith = <A, E, R>(
  serve: (app: HttpApp.Default<never, HttpRouter.HttpRouter.DefaultServices>) => Layer.Layer<A, E, R>
) =>
  HttpApiBuilder.httpApp.pipe(
    // around everything, also the encoding of errors: what a server's own middleware sees has been sent already
    Effect.map((app) => serve(guard(app))),
    Layer.unwrapEffect,
    Layer.provide(endpoints)
  )

/** Serves it on the network, at the address of the context. */
export const layer = serveWith(Server.layer).pipe(Layer.provide(NodeHttpServer.layerContext))
