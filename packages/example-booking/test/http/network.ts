/** The application's HTTP interface over a socket of the loopback, on a port of its own. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, Layer } from "effect"
import { Address, Server } from "../../src/http/Server.js"

export const anyPort = Layer.succeed(Address, { host: "127.0.0.1", port: 0 })

/** A client of the server of the context: its requests name only a path. */
const client = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const { url } = yield* Server
    return HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
  })
).pipe(Layer.provide(FetchHttpClient.layer))

/** The application, served, and a client of it. */
export const served = <A, E, R>(app: Layer.Layer<Server | A, E, R | Address>) =>
  client.pipe(Layer.provideMerge(app), Layer.provide(anyPort))
