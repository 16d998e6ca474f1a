/** The same application on the storage of Postgres: journal, view, offsets, leases and reservation. */
import { DistributedProcessing, EntityHost } from "@aecor/core"
import { HttpApiClient } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { App } from "../src/app.js"
import { BookingId } from "../src/domain/Ids.js"
import { BookingApi } from "../src/http/BookingApi.js"
import { Migrations, Services, Stores } from "../src/postgres.js"
import * as Settings from "../src/Settings.js"
import * as fixture from "./domain/fixtures.js"
import { served } from "./http/network.js"
import { freshDatabase } from "./postgres.js"

/** With an expiry of its own, so that a slow machine expires nothing by mistake. */
const appWith = (settings: Partial<Settings.Settings["Type"]>) => {
  const storage = Layer.provideMerge(Services, Stores).pipe(
    Layer.provideMerge(Settings.layer(settings)),
    Layer.provide(Migrations),
    Layer.provide(freshDatabase)
  )
  return served(
    App.pipe(Layer.provide([EntityHost.layerLocal, DistributedProcessing.layerLocal]), Layer.provide(storage))
  )
}

it.live("confirms one of two bookings for a seat, takes its payment, and shows it all", () =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi)
    const { clientId, concertId, paymentId, seats } = fixture
    const place = (name: string) => {
      const bookingId = BookingId.make(name)
      return api.bookings.place({
        path: { clientId },
        payload: { bookingId: Option.some(bookingId), concertId, seats }
      })
    }
    yield* Effect.all([place("b-1"), place("b-2")], { concurrency: "unbounded" })

    const list = api.bookings.list({ path: { clientId }, urlParams: { token: Option.none() } })
    const decided = yield* Effect.zipLeft(list, Effect.sleep("20 millis")).pipe(
      Effect.repeat({
        until: (rows) => rows.length === 2 && rows.every((row) => row.status !== "AwaitingConfirmation")
      }),
      Effect.timeout("45 seconds")
    )
    expect(decided.map((row) => row.status).toSorted()).toEqual(["Confirmed", "Denied"])

    const winner = decided.find((row) => row.status === "Confirmed")
    if (winner === undefined) return yield* Effect.dieMessage("nobody won")
    const { bookingId } = winner
    const payment = { paymentId, clientId, bookingId }
    expect((yield* api.payments.receive({ payload: payment })).state).toBe("received")
    const read = api.bookings.get({ path: { clientId, bookingId }, urlParams: { token: Option.none() } })
    const paid = yield* until(read, (row) => row.status === "Settled")
    expect([paid.expiresAt, paid.tickets, paid.version]).toEqual([Option.none(), fixture.tickets, 4])
    expect(yield* until(api.payments.get({ path: { paymentId } }), isSettled)).toMatchObject({ state: "taken" })
    expect((yield* api.ready()).deployments.map(({ running }) => running)).toEqual([20, 20, 20, 1, 4])
  }).pipe(Effect.provide(appWith({})))
)

it.live("a booking that nobody pays expires, its seats are free again, and a payment that comes late is refused", () =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi)
    const { clientId, concertId, paymentId, seats } = fixture
    const bookingId = BookingId.make("late")
    yield* api.bookings.place({ path: { clientId }, payload: { bookingId: Option.some(bookingId), concertId, seats } })
    const read = api.bookings.get({ path: { clientId, bookingId }, urlParams: { token: Option.none() } })
    yield* until(Effect.option(read), (row) => Option.exists(row, ({ status }) => status === "Expired"))
    yield* until(api.concerts.seats({ path: { concertId } }), (all) => all.every(({ available }) => available))
    yield* api.payments.receive({ payload: { paymentId, clientId, bookingId } })
    const payment = yield* until(api.payments.get({ path: { paymentId } }), isSettled)
    expect(payment).toMatchObject({
      state: "refused",
      reason: Option.some("BookingIsExpired: the booking has expired")
    })
    expect(yield* api.payments.refused()).toEqual([payment])
  }).pipe(Effect.provide(appWith({ expiry: Duration.seconds(2), expireEvery: Duration.millis(200) })))
)

const isSettled = ({ state }: { readonly state: string }) => state !== "received"

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.zipLeft(effect, Effect.sleep("20 millis")).pipe(Effect.repeat({ until: holds }), Effect.timeout("30 seconds"))
