/**
 * How a runner speaks to the others: the library's sockets, with one difference.
 *
 * A message written to a connection whose other end has just gone is a defect there, which a command's caller would be
 * given. Here it is what any other lost connection is: the runner is unavailable, and the message is sent again to
 * whichever runner owns the shard then.
 */
import { Runners } from "@effect/cluster"
import { NodeClusterSocket } from "@effect/platform-node"
import { type RpcClient, RpcClientError, type RpcSerialization } from "@effect/rpc"
import { Effect, Layer } from "effect"

const lostConnection = (cause: unknown) =>
  new RpcClientError.RpcClientError({ reason: "Protocol", message: "the connection was lost", cause })

const failing = (protocol: RpcClient.Protocol["Type"]): RpcClient.Protocol["Type"] => ({
  ...protocol,
  send: (...message) =>
    Effect.catchAllDefect(protocol.send(...message), (defect) => Effect.fail(lostConnection(defect)))
})

export const layer: Layer.Layer<Runners.RpcClientProtocol, never, RpcSerialization.RpcSerialization> = Layer.effect(
  Runners.RpcClientProtocol,
  Effect.map(
    Runners.RpcClientProtocol,
    (connect): Runners.RpcClientProtocol["Type"] =>
      (address) =>
        Effect.map(connect(address), failing)
  )
).pipe(Layer.provide(NodeClusterSocket.layerClientProtocol))
