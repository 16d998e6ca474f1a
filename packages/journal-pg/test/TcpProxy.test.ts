// The wire that can be cut, before a server that hears and answers when it is told to.
import * as net from "node:net"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Effect, Option, Queue, Redacted } from "effect"

it.scopedLive("passes on what is said, in both directions", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const client = yield* connect(yield* TcpProxy.make(server.url))
    client.say("ping")
    const accepted = yield* server.accepted
    expect(yield* accepted.heard).toBe("ping")
    accepted.say("pong")
    expect(yield* client.heard).toBe("pong")
  })
)

it.scopedLive("drops what it is told to drop", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const passing = yield* Queue.unbounded<string>()
    const unless = (word: string) => (bytes: Buffer) => {
      Queue.unsafeOffer(passing, bytes.toString())
      return bytes.toString() !== word
    }
    const client = yield* connect(
      yield* TcpProxy.make(server.url, { onSent: unless("secret"), onAnswered: unless("lie") })
    )
    const accepted = yield* server.accepted
    client.say("secret")
    expect(yield* Queue.take(passing)).toBe("secret")
    client.say("known")
    expect(yield* accepted.heard).toBe("known")
    expect(yield* Queue.take(passing)).toBe("known")
    accepted.say("lie")
    expect(yield* Queue.take(passing)).toBe("lie")
    accepted.say("truth")
    expect(yield* client.heard).toBe("truth")
  })
)

it.scopedLive("holds back what is said on connections old and new, and passes it on when it is let go", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const proxy = yield* TcpProxy.make(server.url)
    const client = yield* connect(proxy)
    const accepted = yield* server.accepted
    client.say("before")
    expect(yield* accepted.heard).toBe("before")
    proxy.hold(true)
    client.say("question")
    accepted.say("answer")
    const other = yield* connect(proxy)
    const otherAccepted = yield* server.accepted
    other.say("hello")
    const silence = Effect.raceAll([accepted.heard, client.heard, otherAccepted.heard])
    // far longer than the wire takes when it is open
    expect(yield* Effect.timeoutOption(silence, "200 millis")).toEqual(Option.none())
    proxy.hold(false)
    expect([yield* accepted.heard, yield* client.heard]).toEqual(["question", "answer"])
    expect(yield* otherAccepted.heard).toBe("hello")
  })
)

it.scopedLive("holds back what is said on connections from one address, and on no others", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const proxy = yield* TcpProxy.make(server.url)
    const client = yield* connect(proxy)
    const accepted = yield* server.accepted
    proxy.hold(true, "127.0.0.2")
    client.say("from elsewhere")
    expect(yield* accepted.heard).toBe("from elsewhere")
    proxy.hold(true, "127.0.0.1")
    client.say("question")
    // to let go of all lets go of nobody that is held by name
    proxy.hold(false)
    expect(yield* Effect.timeoutOption(accepted.heard, "200 millis")).toEqual(Option.none())
    proxy.hold(false, "127.0.0.1")
    expect(yield* accepted.heard).toBe("question")
  })
)

it.scopedLive("cuts a client off, and a server at work does not notice until it answers", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const proxy = yield* TcpProxy.make(server.url)
    const client = yield* connect(proxy)
    const accepted = yield* server.accepted
    client.say("work")
    expect(yield* accepted.heard).toBe("work")
    proxy.cut()
    yield* client.closed
    // somebody else's way through the proxy is longer than the news of the cut would take
    const other = yield* connect(proxy)
    other.say("hello")
    expect(yield* (yield* server.accepted).heard).toBe("hello")
    expect(accepted.isOpen()).toBe(true)
    accepted.say("done")
    yield* accepted.closed
  })
)

it.scopedLive("cuts a client off, and ends the connection to a server that owes it nothing", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const proxy = yield* TcpProxy.make(server.url)
    const client = yield* connect(proxy)
    const accepted = yield* server.accepted
    client.say("ping")
    yield* accepted.heard
    accepted.say("pong")
    yield* client.heard
    proxy.cut()
    yield* client.closed
    yield* accepted.closed
  })
)

it.scopedLive("lets nobody in when it is told so, and everybody again afterwards", () =>
  Effect.gen(function* () {
    const server = yield* serve
    const proxy = yield* TcpProxy.make(server.url)
    proxy.admit(false)
    yield* (yield* connect(proxy)).closed
    proxy.admit(true)
    const client = yield* connect(proxy)
    client.say("ping")
    expect(yield* (yield* server.accepted).heard).toBe("ping")
  })
)

/** One end of a connection: what it hears, chunk by chunk. */
const endOf = (socket: net.Socket) => {
  const heard = Effect.runSync(Queue.unbounded<string>())
  socket.on("error", () => undefined)
  socket.on("data", (bytes: Buffer) => Queue.unsafeOffer(heard, bytes.toString()))
  return {
    heard: Queue.take(heard),
    say: (text: string) => void socket.write(text),
    isOpen: () => !socket.destroyed,
    closed: Effect.async<void>((resume) => {
      if (socket.closed) resume(Effect.void)
      else socket.once("close", () => resume(Effect.void))
    })
  }
}

const serve = Effect.gen(function* () {
  const accepted = yield* Queue.unbounded<ReturnType<typeof endOf>>()
  const sockets = new Set<net.Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const listening = net.createServer((socket) => {
        sockets.add(socket)
        Queue.unsafeOffer(accepted, endOf(socket))
      })
      listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.sync(() => {
        listening.close()
        for (const socket of sockets) socket.destroy()
      })
  )
  const { port } = server.address() as net.AddressInfo
  return { url: Redacted.make(`postgres://user@127.0.0.1:${port}/database`), accepted: Queue.take(accepted) }
})

const connect = ({ url }: TcpProxy.TcpProxy) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const { hostname, port } = new URL(Redacted.value(url))
        return net.connect(Number(port), hostname)
      }),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    endOf
  )
