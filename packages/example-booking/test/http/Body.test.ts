/** Bodies that are too large, on real connections: the client hears so, whatever it goes on sending. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schedule } from "effect"
import { guard } from "../../src/http/Guard.js"
import { layer, Server } from "../../src/http/Server.js"
import { anyPort } from "./network.js"
import { chunk, connect, get, post } from "./wire.js"

const chunked = post("/", "transfer-encoding: chunked")
const tooLarge = { status: 413, body: expect.stringContaining("BodyTooLarge") }

it.scopedLive("a body that does not tell its size and is too large is refused, and its connection still serves", () =>
  Effect.gen(function* () {
    const client = yield* connect(yield* lengthServer)
    yield* client.send(chunked + chunk(50_000) + chunk(0))
    expect(yield* client.answer).toMatchObject({ status: 200, body: "50000" })
    yield* client.send(chunked + chunk(50_000) + chunk(50_000))
    expect(yield* client.answer).toMatchObject(tooLarge)
    yield* client.send(chunk(200_000) + chunk(0) + get("/"))
    expect(yield* client.answer).toMatchObject({ status: 200, body: "none" })
  })
)

it.scopedLive("one that does not end is hung up on, after the answer", () =>
  Effect.gen(function* () {
    const url = yield* lengthServer
    const [much, little] = [yield* connect(url), yield* connect(url)]
    yield* much.send(chunked)
    yield* little.send(chunked + chunk(70_000))
    yield* Effect.fork(Effect.repeat(much.send(chunk(10_000)), Schedule.spaced("1 millis")))
    for (const client of [much, little]) {
      expect(yield* client.answer).toMatchObject(tooLarge)
      expect(yield* client.closed).toBe("")
    }
  })
)

it.scopedLive("one that is said to be too large is refused before it comes", () =>
  Effect.gen(function* () {
    const client = yield* connect(yield* lengthServer)
    yield* client.send(post("/", "content-length: 100000000"))
    expect(yield* client.answer).toMatchObject(tooLarge)
    yield* client.closed
  })
)

/** Answers how long the body is. */
const lengthServer = Effect.gen(function* () {
  const length = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, text }) =>
    method === "GET"
      ? Effect.succeed(HttpServerResponse.text("none"))
      : Effect.map(text, (body) => HttpServerResponse.text(String(body.length)))
  )
  const context = yield* Layer.build(Layer.provide(layer(guard(length)), anyPort))
  return Context.get(context, Server).url
})
