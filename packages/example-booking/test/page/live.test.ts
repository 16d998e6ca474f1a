/** The live answers over a socket: what they say, and how they end. */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Ref, Scope } from "effect"
import { App } from "../../src/app.js"
import { Server } from "../../src/http/Server.js"
import { Memory } from "../../src/memory.js"
import { NodeName } from "../../src/page/NodeName.js"
import { BookingsView } from "../../src/view/BookingsView.js"
import { anyPort } from "../http/network.js"
import { listen } from "./listener.js"

it.scopedLive("a page hears the whole map and the client's bookings, and again when they change", () =>
  Effect.gen(function* () {
    const { url } = yield* node
    const ann = yield* listen(`${url}/live/concerts/concertA?client=ann`)
    expect(ann.headers.get("content-type")).toBe("text/event-stream")
    expect(ann.headers.get("cache-control")).toBe("no-store")
    yield* ann.until("hello", { node: "node-1", beatInterval: 5000 })
    expect(ann.names()[0]).toBe("hello")
    yield* ann.until("seats", mapWith(".".repeat(50)))
    yield* ann.until("bookings", [])

    yield* place(url, "ann", "b-1")
    yield* ann.until("bookings", [{ bookingId: "b-1", status: "Confirmed" }])
    yield* ann.until("seats", mapWith(`xx${".".repeat(48)}`))

    // who comes later begins with the whole, and sees no bookings but the own
    const bob = yield* listen(`${url}/live/concerts/concertA?client=bob`)
    yield* bob.until("seats", mapWith(`xx${".".repeat(48)}`))
    yield* bob.until("bookings", [])
    yield* place(url, "bob", "b-2")
    yield* bob.until("bookings", [{ bookingId: "b-2", status: "Denied" }])
  })
)

it.scopedLive("a booking that the view knew nothing of when its page came is shown nevertheless", () =>
  Effect.gen(function* () {
    const { url } = yield* nodeWith(Layer.provideMerge(behindOnce, Memory))
    yield* place(url, "ann", "b-1")
    const settled = yield* listen(`${url}/live/machinery?booking=b-1`)
    yield* settled.until("history", { events: [{ sequence: 1 }, { sequence: 2 }] })
    const page = yield* listen(`${url}/live/concerts/concertA?client=ann`)
    yield* page.until("bookings", [])
    yield* page.until("bookings", [{ bookingId: "b-1", status: "Confirmed" }])
  })
)

it.scopedLive("the machinery's page hears where every process runs, what happens, and all of one booking", () =>
  Effect.gen(function* () {
    const { url } = yield* node
    const page = yield* listen(`${url}/live/machinery?booking=b-1`)
    const running = Array.from({ length: 20 }, (_, index) => ({ index, runner: "local", actual: "Running" }))
    yield* page.until("processes", [
      { name: "BookingViewProjection", processes: running },
      { name: "BookingConfirmation", processes: running },
      { name: "BookingRelease", processes: running },
      { name: "BookingExpiration", processes: running.slice(0, 1) },
      { name: "BookingPayment", processes: running.slice(0, 4) }
    ])
    const caughtUp = { events: 0, seconds: 0, quarantined: 0 }
    yield* page.until("lag", [
      { name: "BookingViewProjection", ...caughtUp },
      { name: "BookingConfirmation", ...caughtUp },
      { name: "BookingRelease", ...caughtUp }
    ])
    yield* page.until("history", { bookingId: "b-1", events: [] })
    yield* place(url, "ann", "b-1")
    yield* page.until("history", {
      events: [
        { sequence: 1, type: "BookingPlaced", fields: { clientId: "ann", concertId: "concertA" } },
        { sequence: 2, type: "BookingConfirmed", fields: { tickets: [{ price: "500" }, { price: "500" }] } }
      ]
    })
    const placed = expect.objectContaining({ bookingId: "b-1", type: "BookingPlaced", sequence: 1 })
    yield* page.until("activity", expect.arrayContaining([placed]))
  })
)

it.scopedLive("a payment that is refused is heard of with the reason, until it is tried again", () =>
  Effect.gen(function* () {
    const { url } = yield* node
    const page = yield* listen(`${url}/live/machinery`)
    yield* page.until("refused", [])
    const send = (path: string, body: object) =>
      Effect.promise(() =>
        fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body)
        })
      )
    yield* send("/payments", { paymentId: "p-1", clientId: "ann", bookingId: "b-1" })
    const refused = { paymentId: "p-1", clientId: "ann", reason: "BookingNotFound: there is no such booking" }
    yield* page.until("refused", [refused])

    yield* place(url, "ann", "b-1")
    yield* send("/payments/p-1/again", {})
    yield* page.until("refused", [])
  })
)

it.scopedLive("what is asked for in a wrong way is refused by name", () =>
  Effect.gen(function* () {
    const { url } = yield* node
    const answer = yield* Effect.promise(() => fetch(`${url}/live/concerts/concertA?client=no%20name`))
    expect(answer.status).toBe(400)
    expect(yield* Effect.promise(() => answer.text())).toContain("client")
    const nowhere = yield* listen(`${url}/live/concerts/nowhere?client=ann`)
    yield* nowhere.until("seats", { concertId: "nowhere", rows: [] })
  })
)

it.scopedLive("a node that leaves ends all live answers at once, with a word of it", () =>
  Effect.gen(function* () {
    const { close, url } = yield* node
    const pages = yield* Effect.forEach(["ann", "bob", "cy"], (client) =>
      listen(`${url}/live/concerts/concertA?client=${client}`)
    )
    const machinery = yield* listen(`${url}/live/machinery`)
    const all = [...pages, machinery]
    yield* Effect.forEach(all, (page) => page.until("hello", {}))
    yield* close
    for (const page of all) {
      // one that the server had lost patience with would have been cut off
      yield* page.ended
      expect(page.names().at(-1)).toBe("leaving")
    }
  })
)

/** The first rows of a map, of which the second has these seats. */
const mapWith = (seats: string) => ({ concertId: "concertA", rows: rowsWith(seats) })
const rowsWith = (seats: string) =>
  Array.from({ length: 30 }, (_, i) => ({
    row: i + 1,
    price: i < 10 ? "500" : "300",
    seats: i === 1 ? seats : ".".repeat(50)
  }))

const place = (url: string, client: string, bookingId: string) =>
  Effect.promise(async () => {
    const seats = [1, 2].map((number) => ({ row: 2, number }))
    const answer = await fetch(`${url}/clients/${client}/bookings`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ bookingId, concertId: "concertA", seats })
    })
    expect(answer.status).toBe(201)
  })

/** The view knows of nobody's bookings when it is asked first: its projection may be behind. */
const behindOnce = Layer.effect(
  BookingsView,
  Effect.gen(function* () {
    const view = yield* BookingsView
    const asked = yield* Ref.make(false)
    const find: typeof view.find = (where) =>
      where.clientId === undefined
        ? view.find(where)
        : Effect.flatMap(Ref.getAndSet(asked, true), (before) => (before ? view.find(where) : Effect.succeed([])))
    return { ...view, find }
  })
)

/** A node in memory that can be told to leave. */
const nodeWith = Effect.fnUntraced(function* (memory: typeof Memory) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
  const app = App.pipe(Layer.provide([memory, anyPort, Layer.succeed(NodeName, "node-1")]))
  const context = yield* Layer.buildWithScope(app, scope)
  return { url: Context.get(context, Server).url, close: Scope.close(scope, Exit.void) }
})
const node = nodeWith(Memory)
