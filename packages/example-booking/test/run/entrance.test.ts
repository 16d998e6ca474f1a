/** The one address of several nodes: whoever comes is passed on to one that answers. */
import * as http from "node:http"
import { expect, it } from "@effect/vitest"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { Effect } from "effect"
import * as Entrance from "../../src/run/entrance.js"

it.scopedLive("takes the nodes in turn, and passes over one that is gone", () =>
  Effect.gen(function* () {
    const nodes = [
      yield* answering("a"),
      yield* answering("b"),
      { host: "127.0.0.1", port: yield* EmbeddedPostgres.freePort }
    ]
    const { url } = yield* Entrance.open(0, () => nodes)
    const answers = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => ask(url))
    expect(answers.map(({ text }) => text)).toEqual(["a", "b", "a", "a", "b", "a"])
  })
)

it.scopedLive("says that nobody answers where that is so, and when to try again", () =>
  Effect.gen(function* () {
    const gone = { host: "127.0.0.1", port: yield* EmbeddedPostgres.freePort }
    const { url } = yield* Entrance.open(0, () => [gone, gone])
    expect(yield* ask(url)).toEqual({ status: 503, retry: "1", text: "" })
    const empty = yield* Entrance.open(0, () => [])
    expect(yield* ask(empty.url)).toMatchObject({ status: 503 })
  })
)

it.scopedLive("ends a connection with its node, and all with itself", () =>
  Effect.gen(function* () {
    const node = yield* silent
    const { url } = yield* Entrance.open(0, () => [node.target])
    const asking = yield* Effect.fork(Effect.flip(ask(url)))
    yield* node.asked
    yield* node.kill
    yield* asking
    const closed = yield* Effect.scoped(
      Effect.gen(function* () {
        const other = yield* Entrance.open(0, () => [node.target])
        return other.url
      })
    )
    yield* Effect.flip(ask(closed))
  })
)

/** On a connection of its own. */
const ask = (url: string) =>
  Effect.tryPromise(async () => {
    const response = await fetch(url, { headers: { connection: "close" } })
    return { status: response.status, retry: response.headers.get("retry-after"), text: await response.text() }
  })

const listening = (handle: http.RequestListener) =>
  Effect.acquireRelease(
    Effect.async<http.Server>((resume) => {
      const server = http.createServer(handle)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return { server, target: { host: "127.0.0.1", port: typeof address === "object" && address ? address.port : 0 } }
    })
  )

const answering = (text: string) =>
  Effect.map(
    listening((_, response) => response.end(text)),
    ({ target }) => target
  )

/** A node that answers nothing, and can be killed. */
const silent = Effect.gen(function* () {
  let told = () => {}
  const asked = new Promise<void>((resolve) => (told = resolve))
  const { server, target } = yield* listening(() => told())
  return { target, asked: Effect.promise(() => asked), kill: Effect.sync(() => server.closeAllConnections()) }
})
