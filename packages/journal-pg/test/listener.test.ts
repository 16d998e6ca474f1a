// A listener's connection that the server ends at the most awkward moments: an error, never an exception of the process.
import * as net from "node:net"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Redacted } from "effect"
import * as listener from "../src/internal/listener.js"

it.scopedLive("a server that ends the connection with the very bytes that open it", () =>
  Effect.gen(function* () {
    const url = yield* serve((socket) => socket.once("data", () => socket.end(Buffer.concat([opened, terminating]))))
    const error = yield* Effect.flip(Effect.scoped(listener.listen({ url }, () => undefined)))
    expect(error).toMatchObject({ _tag: "SqlError", message: "the listener's connection is lost" })
  })
)

it.scopedLive("a server that ends the connection later", () =>
  Effect.gen(function* () {
    const connection = yield* Deferred.make<net.Socket>()
    const url = yield* serve((socket) => {
      answering(socket)
      Deferred.unsafeDone(connection, Effect.succeed(socket))
    })
    const { ended } = yield* listener.listen({ url }, () => undefined)
    ;(yield* Deferred.await(connection)).end(terminating)
    expect(yield* Effect.flip(ended)).toMatchObject({ cause: { code: "57P01" } })
  })
)

it.scopedLive("a server that ends the connection while it is being closed", () =>
  Effect.gen(function* () {
    const told = yield* Deferred.make<void>()
    const url = yield* serve((socket) => {
      answering(socket)
      socket.on("data", (bytes: Buffer) => {
        // the client's good-bye
        if (bytes[0] === 0x58) socket.end(terminating, () => Deferred.unsafeDone(told, Effect.void))
      })
    })
    yield* Effect.scoped(listener.listen({ url }, () => undefined))
    yield* Deferred.await(told)
  })
)

it.scopedLive("a message, as it comes", () =>
  Effect.gen(function* () {
    const url = yield* serve((socket) => {
      answering(socket)
      socket.on("data", (bytes: Buffer) => {
        if (bytes.includes("LISTEN")) socket.write(message("A", "\0\0\0\x07aecor\x00table 1\0"))
      })
    })
    const heard = yield* Deferred.make<string>()
    yield* listener.listen({ url }, (text) => Deferred.unsafeDone(heard, Effect.succeed(text)))
    expect(yield* Deferred.await(heard)).toBe("table 1")
  })
)

/** A message of Postgres's protocol. */
const message = (type: string, body: string): Buffer => {
  const bytes = Buffer.alloc(5 + body.length)
  bytes.write(type + "\0\0\0\0" + body, "latin1")
  bytes.writeInt32BE(4 + body.length, 1)
  return bytes
}
const ready = message("Z", "I")
/** No password asked for, and ready. */
const opened = Buffer.concat([message("R", "\0\0\0\0"), ready])
const terminating = message("E", "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0")

/** As a server would: opens the connection, and then says yes to every statement. */
const answering = (socket: net.Socket): void => {
  socket.once("data", () => {
    socket.write(opened)
    socket.on("data", (bytes: Buffer) => {
      if (bytes[0] === 0x51) socket.write(Buffer.concat([message("C", "LISTEN\0"), ready]))
    })
  })
}

const serve = (accept: (socket: net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<net.Server>((resume) => {
        const server = net.createServer((socket) => {
          socket.on("error", () => undefined)
          accept(socket)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => Redacted.make(`postgres://user@127.0.0.1:${(server.address() as net.AddressInfo).port}/database`)
  )
