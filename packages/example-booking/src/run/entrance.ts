/**
 * One address for all nodes of this machine: each connection is passed on to the next node that accepts one. It stands
 * where a load balancer stands elsewhere. It knows nothing of HTTP; a connection ends with its node.
 */
import * as net from "node:net"
import { Data, Effect, type Scope } from "effect"

export class EntranceFailed extends Data.TaggedError("EntranceFailed")<{ readonly message: string }> {}

export interface Target {
  readonly host: string
  readonly port: number
}

const nobody = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

/** Ties two sockets together: what one says the other hears, and they end together. */
const tie = (one: net.Socket, other: net.Socket) => {
  one.pipe(other)
  other.pipe(one)
  for (const [socket, peer] of [
    [one, other],
    [other, one]
  ] as const) {
    socket.on("error", () => peer.destroy())
    socket.on("close", () => peer.destroy())
  }
}

/** Tries one target after the other until one accepts. */
const passOn = (client: net.Socket, targets: ReadonlyArray<Target>): void => {
  const [first, ...others] = targets
  if (first === undefined) return void client.end(nobody)
  const node = net.connect(first.port, first.host)
  const refused = () => passOn(client, others)
  const gone = () => node.destroy()
  node.once("error", refused)
  client.once("close", gone)
  node.once("connect", () => {
    node.off("error", refused)
    client.off("close", gone)
    tie(client, node)
  })
}

/** Opens it until the scope closes. `targets` are the nodes of the moment; port 0 is any that is free. */
export const open = (
  port: number,
  targets: () => ReadonlyArray<Target>
): Effect.Effect<{ readonly url: string }, EntranceFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const clients = new Set<net.Socket>()
    let turn = 0
    const server = net.createServer((client) => {
      clients.add(client)
      client.on("close", () => clients.delete(client))
      client.on("error", () => client.destroy())
      const all = targets()
      const from = turn++ % Math.max(1, all.length)
      passOn(client, [...all.slice(from), ...all.slice(0, from)])
    })
    const listen = Effect.async<void, EntranceFailed>((resume) => {
      server.once("error", ({ message }) => resume(new EntranceFailed({ message })))
      server.listen(port, "127.0.0.1", () => resume(Effect.void))
    })
    const close = Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const client of clients) client.destroy()
    })
    yield* Effect.acquireRelease(listen, () => close)
    const address = server.address()
    const bound = typeof address === "object" && address !== null ? address.port : port
    return { url: `http://127.0.0.1:${bound}` }
  })
