/** The whole application in memory: HTTP over a socket, entities, processes and views, on a virtual clock. */
import { DistributedProcessing } from "@aecor/core"
import { ViewStore } from "@aecor/projection"
import { HttpApiClient } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Layer, Option, Ref, TestClock } from "effect"
import { App } from "../src/app.js"
import { BookingId } from "../src/domain/Ids.js"
import { BookingApi } from "../src/http/BookingApi.js"
import { Memory, memoryWith } from "../src/memory.js"
import { bookingView, BookingsView } from "../src/view/BookingsView.js"
import * as fixture from "./domain/fixtures.js"
import { served } from "./http/network.js"

const bookingId = BookingId.make("b-1")
const path = { clientId: fixture.clientId, bookingId }

/** The first commit of a page with rows fails, as if the storage had gone away for a moment. */
const crashingOnce = Layer.effect(
  BookingsView,
  Effect.gen(function* () {
    const view = yield* BookingsView
    const healthy = yield* Ref.make(false)
    const commit: typeof view.commit = (page) =>
      Effect.flatMap(Ref.getAndSet(healthy, true), (works) =>
        works ? view.commit(page) : new ViewStore.ViewStoreError({ view: "bookings", description: "gone for a moment" })
      )
    return { ...view, commit }
  })
)

const crashingApp = served(App.pipe(Layer.provide(crashingOnce), Layer.provideMerge(Memory)))

/** What needs no clock takes its time nevertheless: requests, and processes that have something to do. */
const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, until: (value: A) => boolean) =>
  effect.pipe(
    Effect.zipLeft(Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))),
    Effect.repeat({ until, times: 1000 }),
    Effect.tap((value) => Effect.sync(() => expect(value).toSatisfy(until)))
  )

const theProcess = Effect.map(DistributedProcessing.status(bookingView.name), (rows) =>
  rows.find((row) => row.starts > 1 || Option.isSome(row.lastError))
)

it.scoped("places, confirms by the process, survives a crash of the projection, cancels, and shows it all", () =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi)
    const status = Effect.map(Effect.option(api.bookings.get({ path, urlParams: { token: Option.none() } })), (row) =>
      Option.match(row, { onNone: () => "unknown", onSome: (_) => _.status })
    )

    const placed = yield* api.bookings.place({
      path,
      payload: { bookingId: Option.some(bookingId), concertId: fixture.concertId, seats: fixture.seats }
    })
    expect(placed.bookingId).toBe(bookingId)

    // The projection has crashed on the booking and waits; the confirmation has not.
    const seats = api.concerts.seats({ path: { concertId: fixture.concertId } })
    yield* eventually(seats, (all) => all.filter((seat) => !seat.available).length === 2)
    yield* TestClock.adjust("1200 millis")
    const crashed = yield* eventually(theProcess, (row) => row !== undefined)
    expect(Option.getOrThrow(crashed?.lastError ?? Option.none())).toContain("gone for a moment")
    expect(yield* status).toBe("unknown")
    yield* TestClock.adjust("1 second")
    expect(yield* status).toBe("unknown")

    // After its backoff, 3 seconds and up to a fifth more, it has caught up.
    yield* TestClock.adjust("1500 millis")
    yield* eventually(status, (_) => _ === "Confirmed")
    yield* TestClock.adjust("1 second")
    const again = yield* eventually(theProcess, (row) => row?.starts === 2)
    expect(again?.epoch).toBe((crashed?.epoch ?? 0) + 1)

    const seen = yield* api.bookings.get({ path, urlParams: { token: Option.some(placed.token) } })
    const sixHours = Option.map(seen.expiresAt, (at) => DateTime.toEpochMillis(at))
    expect(sixHours).toEqual(Option.some(Duration.toMillis("6 hours")))

    const { token } = yield* api.bookings.cancel({ path, payload: { reason: "ill" } })
    const over = yield* api.bookings.get({ path, urlParams: { token: Option.some(token) } })
    expect([over.status, over.expiresAt]).toEqual(["Cancelled", Option.none()])

    yield* eventually(seats, (all) => all.every((seat) => seat.available))
    const payment = { paymentId: fixture.paymentId, clientId: fixture.clientId, bookingId }
    yield* api.payments.receive({ payload: payment })
    const settled = Effect.zipLeft(api.payments.get({ path: payment }), TestClock.adjust("100 millis"))
    const refused = yield* eventually(settled, ({ state }) => state === "refused")
    expect(refused.reason).toEqual(Option.some("BookingIsAlreadyCanceled: the booking was cancelled: ill"))
    expect((yield* api.ready()).deployments.map(({ running }) => running)).toEqual([20, 20, 20, 1, 4])
  }).pipe(Effect.provide(crashingApp))
)

it.scoped("a booking that nobody pays expires on time, and its seats are free again; one that is paid does not", () =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi)
    const ids = [BookingId.make("paid"), BookingId.make("unpaid")] as const
    const { clientId, concertId, paymentId } = fixture
    for (const [row, id] of ids.entries()) {
      const seats = [{ row: row + 1, number: 1 }] as const
      yield* api.bookings.place({ path: { clientId }, payload: { bookingId: Option.some(id), concertId, seats } })
    }
    const statuses = Effect.map(
      api.bookings.list({ path: { clientId }, urlParams: { token: Option.none() } }),
      (rows) => rows.map(({ status }) => status).join(" ")
    )
    const taken = Effect.map(
      api.concerts.seats({ path: { concertId } }),
      (all) => all.filter((_) => !_.available).length
    )
    yield* eventually(statuses, (_) => _ === "Confirmed Confirmed")
    yield* api.payments.receive({ payload: { paymentId, clientId, bookingId: ids[0] } })
    yield* eventually(statuses, (_) => _ === "Settled Confirmed")

    // the last moment is still in time
    yield* TestClock.adjust("20 seconds")
    expect(yield* eventually(statuses, () => true)).toBe("Settled Confirmed")
    yield* TestClock.adjust("5 seconds")
    yield* eventually(statuses, (_) => _ === "Settled Expired")
    yield* eventually(taken, (count) => count === 1)
  }).pipe(
    Effect.provide(
      served(
        App.pipe(Layer.provideMerge(memoryWith({ expiry: Duration.seconds(20), expireEvery: Duration.seconds(5) })))
      )
    )
  )
)
