/**
 * The node's HTTP server: where the interface meets the network.
 *
 * It begins to listen when it has everything to answer with, and it is the last part of the node to begin: what it needs
 * is built before, so a connection is refused until the node can serve it. For the same reason it is the first to end,
 * and takes its time: nobody new is let in, a request that is being answered still is, and so is one that was on its way
 * on a connection that the client kept. Every connection ends after the answer that is due on it, and after a limit in
 * any case.
 */
import * as http from "node:http"
import * as net from "node:net"
import type { HttpApp, HttpServerRequest } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Data, Effect, Layer, type Scope } from "effect"

/** Where to listen; port 0 is any that is free. */
export class Address extends Context.Tag("example-booking/http/Server/Address")<
  Address,
  { readonly host: string; readonly port: number }
>() {}

/** The running server. */
export class Server extends Context.Tag("example-booking/http/Server")<Server, { readonly url: string }>() {}

export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly message: string
  readonly cause: Error
}> {}

/** How long a connection on which nothing is due may still bring a request that is on its way, in milliseconds. */
const lastCall = 500
/** How long the last answers may take, in milliseconds. */
const limit = 5000

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/** A server that can be closed in good order. The times are the sockets' own: no clock of a test moves them. */
const closable = (handle: Handler) => {
  const connections = new Set<net.Socket>()
  const due = new Set<http.ServerResponse>()
  let closing = false

  /** The client hears with the answer that it is the last one. */
  const makeLast = (response: http.ServerResponse) => {
    if (!response.headersSent) response.setHeader("connection", "close")
  }
  const server = http.createServer((request, response) => {
    due.add(response)
    response.on("close", () => {
      due.delete(response)
      // an answer that had begun before has not said so
      if (closing) request.socket.destroySoon()
    })
    if (closing) makeLast(response)
    handle(request, response)
  })
  server.on("connection", (connection) => {
    connections.add(connection)
    connection.on("close", () => connections.delete(connection))
  })
  const endIdle = () => {
    const busy = new Set([...due].map(({ req }) => req.socket))
    for (const connection of connections) if (!busy.has(connection)) connection.destroy()
  }
  const close = Effect.async<void>((resume) => {
    closing = true
    due.forEach(makeLast)
    const timers = [setTimeout(endIdle, lastCall), setTimeout(() => connections.forEach((one) => one.destroy()), limit)]
    // the server's own `close` would end connections at once on which a request may be on its way
    net.Server.prototype.close.call(server, () => {
      timers.forEach(clearTimeout)
      resume(Effect.void)
    })
  })
  return { server, close }
}

const listening = (handle: Handler): Effect.Effect<{ readonly url: string }, ListenFailed, Address | Scope.Scope> =>
  Effect.gen(function* () {
    const address = yield* Address
    const { close, server } = closable(handle)
    const listen = Effect.async<void, ListenFailed>((resume) => {
      server.once("error", (cause) => resume(new ListenFailed({ message: "the HTTP server cannot listen", cause })))
      server.listen(address, () => resume(Effect.void))
    })
    yield* Effect.acquireRelease(listen, () => close)
    const bound = server.address()
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port
    return { url: `http://${address.host}:${port}` }
  })

/** Serves an application for as long as the layer lives. */
export const layer = <R>(
  app: HttpApp.Default<never, R>
): Layer.Layer<Server, ListenFailed, Address | Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>> =>
  Layer.scoped(Server, Effect.flatMap(NodeHttpServer.makeHandler(app), listening))
