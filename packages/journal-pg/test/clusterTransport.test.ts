/** The connections between runners. */
import * as net from "node:net"
import { RunnerAddress, Runners } from "@effect/cluster"
import { RpcSerialization } from "@effect/rpc"
import { expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { vi } from "vitest"
import * as Transport from "../src/internal/clusterTransport.js"

/** A runner that says nothing; gives its port, and returns from `met` and `left` when two have come and gone. */
const runner = Effect.gen(function* () {
  const [met, left] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  let [coming, going] = [0, 0]
  const server = net.createServer((socket) => {
    if (++coming === 2) Deferred.unsafeDone(met, Exit.void)
    socket.on("close", () => {
      if (++going === 2) Deferred.unsafeDone(left, Exit.void)
    })
    socket.resume()
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close())
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { port, met: Deferred.await(met), left: Deferred.await(left) }
})

it.scopedLive("a connection ends with the cluster, though whoever made it has forgotten it", () =>
  Effect.gen(function* () {
    const { left, met, port } = yield* runner
    const cluster = yield* Scope.make()
    const context = yield* Layer.buildWithScope(Layer.provide(Transport.layer, RpcSerialization.layerMsgPack), cluster)
    const connect = Context.get(context, Runners.RpcClientProtocol)
    const forgotten = yield* Scope.make()
    const kept = yield* Scope.make()
    const begun = vi.spyOn(globalThis, "setInterval")
    const ended = vi.spyOn(globalThis, "clearInterval")
    for (const scope of [forgotten, kept]) {
      const protocol = yield* Scope.extend(connect(RunnerAddress.make("127.0.0.1", port)), scope)
      yield* Effect.forkDaemon(protocol.run(() => Effect.void))
    }
    yield* met
    yield* Scope.close(kept, Exit.void)
    yield* Scope.close(cluster, Exit.void)
    expect(yield* Effect.as(left, "both are gone")).toBe("both are gone")
    // what waits for answers keeps the program from ending by a timer that never comes
    const timers = begun.mock.results.map(({ value }) => value)
    expect(timers.length).toBeGreaterThan(0)
    expect(ended.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(timers))
  })
)
