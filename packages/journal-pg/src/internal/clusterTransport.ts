/**
 * How a runner speaks to the others: the library's sockets, with two differences.
 *
 * A message written to a connection whose other end has just gone is a defect there, which a command's caller would be
 * given. Here it is what any other lost connection is: the runner is unavailable, and the message is sent again to
 * whichever runner owns the shard then.
 *
 * And a connection ends with the layer at the latest. Of two that are made to one runner at the same moment, the library
 * forgets one, which would keep a program from ending.
 */
import { Runners } from "@effect/cluster"
import { NodeClusterSocket } from "@effect/platform-node"
import { type RpcClient, RpcClientError, type RpcSerialization } from "@effect/rpc"
import { Effect, ExecutionStrategy, Exit, Fiber, Layer, Scope } from "effect"

const lostConnection = (cause: unknown) =>
  new RpcClientError.RpcClientError({ reason: "Protocol", message: "the connection was lost", cause })

/** Waits for ever, and keeps no program from ending, as `Effect.never` does. */
const silence: Effect.Effect<never> = Effect.async(() => {})

/** What takes a connection's answers waits for them for ever: it ends with the scope. */
const taking =
  (run: RpcClient.Protocol["Type"]["run"], scope: Scope.Scope): RpcClient.Protocol["Type"]["run"] =>
  (take) =>
    Effect.forkIn(run(take), scope).pipe(
      Effect.flatMap(Fiber.await),
      Effect.flatMap((exit) => (Exit.isInterrupted(exit) ? silence : exit))
    )

const within = (scope: Scope.Scope, protocol: RpcClient.Protocol["Type"]): RpcClient.Protocol["Type"] => ({
  ...protocol,
  run: taking(protocol.run, scope),
  send: (...message) =>
    Effect.catchAllDefect(protocol.send(...message), (defect) => Effect.fail(lostConnection(defect)))
})

export const layer: Layer.Layer<Runners.RpcClientProtocol, never, RpcSerialization.RpcSerialization> = Layer.scoped(
  Runners.RpcClientProtocol,
  Effect.gen(function* () {
    const connect = yield* Runners.RpcClientProtocol
    const all = yield* Effect.scope
    return (address): ReturnType<typeof connect> =>
      Effect.gen(function* () {
        const own = yield* Effect.acquireRelease(Scope.fork(all, ExecutionStrategy.sequential), Scope.close)
        return within(own, yield* Scope.extend(connect(address), own))
      })
  })
).pipe(Layer.provide(NodeClusterSocket.layerClientProtocol))
