import { PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { BookingId, ClientId, PaymentId } from "../../src/domain/Ids.js"
import { PaymentInbox } from "../../src/payment/PaymentInbox.js"
import * as PgPaymentInbox from "../../src/payment/PgPaymentInbox.js"
import { freshDatabase } from "../postgres.js"
import { suite } from "./suite.js"

const database = Layer.provideMerge(PgMigrations.layer([PgPaymentInbox.migrations]), freshDatabase)

suite("Postgres", Layer.provide(PgPaymentInbox.layer, database))

it.scopedLive("a payment that one node receives is found by the others", () =>
  Effect.gen(function* () {
    const sql = Layer.succeed(PgClient.PgClient, yield* PgClient.PgClient)
    const node = Effect.map(Layer.build(Layer.provide(Layer.fresh(PgPaymentInbox.layer), sql)), (context) =>
      Context.get(context, PaymentInbox)
    )
    const [here, there] = [yield* node, yield* node]
    const before = yield* there.arrivals
    const received = { paymentId: PaymentId.make("p"), clientId: ClientId.make("ann"), bookingId: BookingId.make("b") }
    const waiting = yield* Effect.fork(there.arrivedSince(before))
    yield* here.receive(received)
    yield* Fiber.join(waiting)
    expect(yield* there.waiting({ index: 0, of: 1 }, 10)).toMatchObject([received])
  }).pipe(Effect.provide(database), Effect.timeout("30 seconds"))
)
