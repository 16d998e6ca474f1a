// Where a process connects from, as whom it connects to sees it.
import { once } from "node:events"
import * as net from "node:net"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as SourceAddress from "../src/run/sourceAddress.js"

it.scopedLive("is the address of its own, where there is one, and the same for each of its connections", () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.async<net.Server>((resume) => {
        const listening = net.createServer()
        listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
      }),
      (listening) => Effect.sync(() => listening.close())
    )
    const { port } = server.address() as net.AddressInfo
    const seen = (connect: () => net.Socket) =>
      Effect.promise(async () => {
        const accepted = once(server, "connection") as Promise<[net.Socket]>
        const client = connect()
        const [socket] = await accepted
        const address = socket.remoteAddress
        client.destroy()
        socket.destroy()
        return address
      })
    const own = SourceAddress.of(7)
    expect(own).not.toBe(SourceAddress.of(8))
    if (own !== undefined) SourceAddress.use(own)
    const expected = own ?? "127.0.0.1"
    expect(yield* seen(() => net.connect({ host: "127.0.0.1", port }))).toBe(expected)
    expect(yield* seen(() => new net.Socket().connect({ host: "127.0.0.1", port }))).toBe(expected)
  })
)
