/**
 * A wire that can be cut: stands between clients and a Postgres server on the loopback, to try what becomes of a
 * statement whose connection dies before the server has it, while the server works on it, or before its answer arrives.
 *
 * It passes bytes on as they come, in both directions, and knows nothing of Postgres.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import { Effect, Redacted, type Scope } from "effect"

/**
 * One client's connection through the proxy.
 *
 * - `cut`: ends the client's side. A server that was sent something goes on with it and notices nothing until it answers.
 * - `close`: ends both sides.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly cut: () => void
  readonly close: () => void
}

/** A connection and its two ends. */
interface Wire extends Connection {
  readonly from: string | undefined
  readonly ends: readonly [net.Socket, net.Socket]
}

/**
 * What sees the bytes on their way, as they arrive: a chunk may be a part of a message, or several. Where the answer is
 * `false` the chunk is dropped; otherwise it is passed on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly onSent?: (bytes: Buffer, connection: Connection) => boolean
  readonly onAnswered?: (bytes: Buffer, connection: Connection) => boolean
}

/**
 * A proxy that is listening, on a free port of the loopback.
 *
 * - `url`: the server's URL, through the proxy.
 * - `mute`: drops whatever the server still says on the connections that are open now.
 * - `cut`: cuts all connections, as `Connection.cut`.
 * - `admit`: whether new connections are let through; at first they are.
 * - `hold`: keeps back what either side says, on connections new and old, for as long as it is held; then passes it on.
 *   Neither side is told, as in a network that is cut in two and heals. With an address (`from`), only on connections
 *   that come from there: a client can be told from others where each connects from an address of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface TcpProxy {
  readonly url: Redacted.Redacted
  readonly mute: () => void
  readonly cut: () => void
  readonly admit: (admitted: boolean) => void
  readonly hold: (held: boolean, from?: string) => void
}

const pass = () => true

/**
 * Stands before the server of a URL until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  url: Redacted.Redacted,
  { onAnswered = pass, onSent = pass }: Options = {}
): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const target = new URL(Redacted.value(url))
    const open = new Set<Wire>()
    const muted = new WeakSet<Connection>()
    let admitted = true
    let held = false
    /** The addresses from which connections are held. */
    const heldFrom = new Set<string>()
    const isHeld = ({ from }: Wire) => held || (from !== undefined && heldFrom.has(from))

    const connect = (client: net.Socket) => {
      client.on("error", () => undefined)
      if (!admitted) return client.destroy()
      const server = net.connect(Number(target.port), target.hostname)
      server.on("error", () => undefined)
      const connection: Wire = {
        from: client.remoteAddress,
        ends: [client, server],
        cut: () => client.destroy(),
        close: () => {
          client.destroy()
          server.destroy()
        }
      }
      open.add(connection)
      /** The server was sent something, and has not said anything since. */
      let owesAnswer = false
      client.on("data", (bytes: Buffer) => {
        if (!onSent(bytes, connection) || server.destroyed) return
        owesAnswer = true
        server.write(bytes)
      })
      server.on("data", (bytes: Buffer) => {
        owesAnswer = false
        if (client.destroyed) return server.destroy()
        return !muted.has(connection) && onAnswered(bytes, connection) && client.write(bytes)
      })
      const forget = () => client.destroyed && server.destroyed && open.delete(connection)
      if (isHeld(connection)) for (const end of connection.ends) end.pause()
      client.on("close", () => {
        if (!owesAnswer) server.destroy()
        forget()
      })
      return server.on("close", () => {
        if (!muted.has(connection)) client.destroy()
        forget()
      })
    }
    const listener = yield* Effect.acquireRelease(
      Effect.async<net.Server>((resume) => {
        const listening = net.createServer(connect)
        listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
      }),
      (listening) =>
        Effect.sync(() => {
          listening.close()
          for (const connection of open) connection.close()
        })
    )
    const address = listener.address()
    const through = new URL(target)
    through.port = typeof address === "object" && address !== null ? String(address.port) : ""
    return {
      url: Redacted.make(through.toString()),
      mute: () => open.forEach((connection) => muted.add(connection)),
      cut: () => open.forEach((connection) => connection.cut()),
      admit: (now) => {
        admitted = now
      },
      hold: (now, from) => {
        if (from === undefined) held = now
        else heldFrom[now ? "add" : "delete"](from)
        for (const wire of open) for (const end of wire.ends) void (isHeld(wire) ? end.pause() : end.resume())
      }
    } satisfies TcpProxy
  })
