/**
 * The HTTP interface, served: the endpoints, the pages for people, the contract at `/openapi.json`, and a page to try it
 * out at `/docs`.
 */
import { HttpApiBuilder, HttpApiSwagger, type HttpApp, type HttpRouter } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as LiveAnswer from "../page/LiveAnswer.js"
import { LiveHttp } from "../page/LiveHttp.js"
import { PageHttp } from "../page/PageHttp.js"
import { Bookings } from "../view/Bookings.js"
import { BookingApi } from "./BookingApi.js"
import { BookingsHttp } from "./BookingsHttp.js"
import { ConcertsHttp } from "./ConcertsHttp.js"
import { guard } from "./Guard.js"
import { NodeHttp } from "./NodeHttp.js"
import * as Operator from "./Operator.js"
import { PaymentsHttp } from "./PaymentsHttp.js"
import * as Server from "./Server.js"

const api = Layer.provide(HttpApiBuilder.api(BookingApi), [
  BookingsHttp,
  PaymentsHttp,
  ConcertsHttp,
  LiveHttp,
  NodeHttp
]).pipe(Layer.provide([Bookings.layer, Operator.layer]))

/** What the application's requests need: the endpoints, the pages, and the pages about the endpoints. */
const endpoints = Layer.mergeAll(PageHttp, HttpApiSwagger.layer(), HttpApiBuilder.middlewareOpenApi()).pipe(
  Layer.provideMerge(api),
  Layer.provideMerge(Layer.mergeAll(HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer, LiveAnswer.layer))
)

/** Comes after the server and goes before it: answers that never end by themselves would hold up its end. */
const endLiveAnswers = Layer.scopedDiscard(
  Effect.flatMap(LiveAnswer.LiveAnswer, ({ end }) => Effect.addFinalizer(() => end))
)

/** Hands the interface to whoever serves it. */
export const serveWith = <A, E, R>(
  serve: (app: HttpApp.Default<never, HttpRouter.HttpRouter.DefaultServices>) => Layer.Layer<A, E, R>
) =>
  HttpApiBuilder.httpApp.pipe(
    // around everything, also the encoding of errors: what a server's own middleware sees has been sent already
    Effect.map((app) => Layer.provideMerge(endLiveAnswers, serve(guard(app)))),
    Layer.unwrapEffect,
    Layer.provide(endpoints)
  )

/** Serves it on the network, at the address of the context. */
export const layer = serveWith(Server.layer).pipe(Layer.provide(NodeHttpServer.layerContext))
