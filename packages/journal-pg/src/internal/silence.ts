/**
 * Sockets that give up a server that has fallen silent.
 *
 * A connection whose other end is gone without a word (a proxy that forwards nothing any more, a lost host) is open for
 * ever, and so is the statement that waits on it; interrupted, it even goes back to its pool for the next one to wait
 * on. The socket alone can tell: nothing has come or gone for longer than anything takes.
 */
import * as net from "node:net"
import type { Duplex } from "node:stream"
import type { PgClient } from "@effect/sql-pg"
import { Duration } from "effect"

type MakeStream = NonNullable<PgClient.PgClientConfig["stream"]>

/** Of each stream that is made here, the one that the configuration had before. */
const before = new WeakMap<MakeStream, MakeStream | undefined>()

/** As far as the driver is concerned, the network has reset the connection: it ignores that of one it is closing. */
const silent = (limit: Duration.Duration): Error =>
  Object.assign(new Error(`the server has been silent for ${Duration.format(limit)}`), { code: "ECONNRESET" })

/** A stream of the caller's that is no socket tells nothing of silence, and is left as it is. */
const watched = (stream: Duplex, limit: Duration.Duration): Duplex => {
  if (!(stream instanceof net.Socket)) return stream
  return stream.setTimeout(Duration.toMillis(limit)).on("timeout", () => {
    const { bytesRead, bytesWritten } = stream
    // after this process has stood still, what came meanwhile is read first
    setImmediate(() => {
      if (stream.bytesRead === bytesRead && stream.bytesWritten === bytesWritten) stream.destroy(silent(limit))
    })
  })
}

/** Whether the configuration has a limit. */
export const isLimited = ({ stream }: PgClient.PgClientConfig): boolean => stream !== undefined && before.has(stream)

/** The configuration without its limit. */
export const unlimited = (config: PgClient.PgClientConfig): PgClient.PgClientConfig =>
  config.stream !== undefined && before.has(config.stream) ? { ...config, stream: before.get(config.stream) } : config

/** The configuration with this limit, whatever limit it had. */
export const limited = (config: PgClient.PgClientConfig, limit: Duration.DurationInput): PgClient.PgClientConfig => {
  const { stream: own } = unlimited(config)
  const stream: MakeStream = () => watched(own === undefined ? new net.Socket() : own(), Duration.decode(limit))
  before.set(stream, own)
  return { ...config, stream }
}
