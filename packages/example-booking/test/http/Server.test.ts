/** How the server begins and ends, seen from the other end of its connections. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Address, layer, Server } from "../../src/http/Server.js"
import { anyPort } from "./network.js"
import { connect, get } from "./wire.js"

it.scopedLive(
  "as it closes, nobody new is let in, and every answer that is due comes, the last on its connection",
  () =>
    Effect.gen(function* () {
      const { answered, close, url } = yield* slowServer
      const [kept, slow] = [yield* connect(url), yield* connect(url)]
      yield* kept.send(get("/"))
      expect(yield* kept.answer).toMatchObject({ status: 200, last: false })
      yield* slow.send(get("/slow"))
      yield* answered.asked

      const closing = yield* Effect.fork(close)
      yield* Effect.repeat(Effect.isFailure(Effect.scoped(connect(url))), { until: (refused) => refused })
      yield* kept.send(get("/"))
      expect(yield* kept.answer).toMatchObject({ status: 200, last: true })
      yield* kept.closed
      yield* Effect.sleep("1 second")
      expect([closing.unsafePoll(), slow.isClosed()]).toEqual([null, false])
      yield* answered.now
      expect(yield* slow.answer).toMatchObject({ status: 200, last: true, body: "slow" })
      yield* Fiber.join(closing)
    })
)

it.scopedLive(
  "who asks nothing, or half, does not hold it up, nor does for ever who is not answered",
  () =>
    Effect.gen(function* () {
      const { answered, close, url } = yield* slowServer
      const [silent, half, kept] = [yield* connect(url), yield* connect(url), yield* connect(url)]
      yield* half.send("GET / HTTP/1.1\r\nhost:")
      yield* kept.send(get("/"))
      yield* kept.answer
      yield* close
      expect(yield* Effect.all([silent.closed, half.closed, kept.closed])).toEqual(["", "", ""])

      const other = yield* slowServer
      const unanswered = yield* connect(other.url)
      yield* unanswered.send(get("/slow"))
      yield* other.answered.asked
      yield* other.close
      expect(yield* unanswered.closed).toBe("")
      yield* answered.now
    }),
  20_000
)

it.scopedLive("fails where it cannot listen", () =>
  Effect.gen(function* () {
    const { url } = yield* slowServer
    const same = Layer.succeed(Address, { host: "127.0.0.1", port: Number(new URL(url).port) })
    const error = yield* Effect.flip(Layer.build(Layer.provide(layer(slow(Effect.void)), same)))
    expect(error).toMatchObject({ _tag: "ListenFailed", cause: { code: "EADDRINUSE" } })
  })
)

/** Answers at once, but `/slow` when the effect has ended. */
const slow = (until: Effect.Effect<void>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
    url === "/slow" ? Effect.as(until, HttpServerResponse.text("slow")) : HttpServerResponse.text("fast")
  )

/** A server that can be closed, and told when to give the slow answer. */
const slowServer = Effect.gen(function* () {
  const asked = yield* Deferred.make<void>()
  const now = yield* Deferred.make<void>()
  const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
  const app = slow(Effect.zipRight(Deferred.succeed(asked, undefined), Deferred.await(now)))
  const context = yield* Layer.buildWithScope(Layer.provide(layer(app), anyPort), scope)
  return {
    url: Context.get(context, Server).url,
    close: Scope.close(scope, Exit.void),
    answered: { asked: Deferred.await(asked), now: Deferred.succeed(now, undefined) }
  }
})
