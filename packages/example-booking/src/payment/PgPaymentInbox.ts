/**
 * The inbox of payments in Postgres: one row a payment. The table comes from `migrations`.
 *
 * What this node receives it knows at once. What the others receive it finds by looking, once for all that wait: a look at
 * an index, twice a second, and none while nobody waits.
 */
import { PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { DateTime, Effect, Layer, Option, Schedule, Schema } from "effect"
import * as Bell from "./bell.js"
import { hashOf, Payment, PaymentIdTaken, PaymentInbox, PaymentInboxError } from "./PaymentInbox.js"

export const migrations: PgMigrations.Migrations = PgMigrations.make("payment_inbox", [
  PgMigrations.step(
    "table",
    `
    CREATE TABLE payment_received (
      payment_id text PRIMARY KEY,
      client_id text NOT NULL,
      booking_id text NOT NULL,
      hash bigint NOT NULL,
      state text NOT NULL CHECK (state IN ('received', 'taken', 'refused')),
      reason text,
      attempts integer NOT NULL,
      received_at timestamptz NOT NULL,
      due_at timestamptz NOT NULL,
      settled_at timestamptz
    );
    CREATE INDEX payment_received_due ON payment_received (due_at) WHERE state = 'received';
    CREATE INDEX payment_received_refused ON payment_received (settled_at) WHERE state = 'refused';
    `
  ),
  PgMigrations.step("by client", "CREATE INDEX payment_received_client ON payment_received (client_id, received_at)")
])

/** How often it is looked for what other nodes have received. */
const interval = "500 millis"

/** A row as JSON, which `Payment` decodes. */
const columns = `jsonb_build_object('paymentId', payment_id, 'clientId', client_id, 'bookingId', booking_id,
  'state', state, 'reason', reason, 'attempts', attempts, 'receivedAt', received_at, 'dueAt', due_at,
  'settledAt', settled_at) AS payment`

const decodeRows = Schema.decodeUnknown(Schema.Array(Schema.Struct({ payment: Payment })))

const make = Effect.gen(function* () {
  const client = yield* PgClient.PgClient
  const sql = client.withoutTransforms()
  const bell = yield* Bell.make

  const failed = (cause: Error) =>
    new PaymentInboxError({ description: `the inbox of payments: ${cause.message}`, cause })
  const find = (text: string, parameters: ReadonlyArray<unknown> = []) =>
    sql.unsafe(`SELECT ${columns} FROM payment_received ${text}`, [...parameters]).pipe(
      Effect.flatMap(decodeRows),
      Effect.map((rows) => rows.map(({ payment }) => payment)),
      Effect.mapError(failed)
    )
  const get = (paymentId: string) =>
    Effect.map(find("WHERE payment_id = $1", [paymentId]), ([payment]) => Option.fromNullable(payment))
  const run = (text: string, parameters: ReadonlyArray<unknown>) =>
    Effect.mapError(Effect.asVoid(sql.unsafe(text, [...parameters])), failed)
  const now = Effect.map(DateTime.now, DateTime.formatIso)

  let waiters = 0
  const someIsDue = Effect.flatMap(
    now,
    (at) =>
      sql<{ readonly due: boolean }>`SELECT EXISTS (
      SELECT FROM payment_received WHERE state = 'received' AND due_at <= ${at}::timestamptz
    ) AS due`
  )
  const look = Effect.flatMap(someIsDue, ([found]) => (found?.due === true ? bell.ring : Effect.void)).pipe(
    Effect.catchAll((cause) => Effect.logDebug("it could not be looked for payments; the next look may", cause)),
    Effect.withTracerEnabled(false)
  )
  yield* Effect.forkScoped(
    Effect.repeat(
      Effect.suspend(() => (waiters > 0 ? look : Effect.void)),
      Schedule.spaced(interval)
    )
  )
  const arrivedSince = (before: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => (waiters += 1)),
      () => bell.arrivedSince(before),
      () => Effect.sync(() => (waiters -= 1))
    )

  return PaymentInbox.of({
    receive: Effect.fn("PgPaymentInbox.receive")(function* (payment) {
      const { bookingId, clientId, paymentId } = payment
      yield* run(
        `INSERT INTO payment_received
          (payment_id, client_id, booking_id, hash, state, attempts, received_at, due_at)
          VALUES ($1, $2, $3, $4, 'received', 0, $5::timestamptz, $5::timestamptz) ON CONFLICT DO NOTHING`,
        [paymentId, clientId, bookingId, hashOf(payment), yield* now]
      )
      const [kept] = yield* find("WHERE payment_id = $1", [paymentId])
      if (kept === undefined) return yield* new PaymentInboxError({ description: "the inbox has lost a payment" })
      if (kept.bookingId !== bookingId || kept.clientId !== clientId) return yield* new PaymentIdTaken()
      if (kept.state === "received") yield* bell.ring
      return kept
    }),
    get,
    ofClient: (clientId) => find("WHERE client_id = $1 ORDER BY received_at DESC LIMIT 1000", [clientId]),
    refused: find("WHERE state = 'refused' ORDER BY settled_at DESC LIMIT 1000"),
    waiting: ({ index, of }, most) =>
      find("WHERE state = 'received' AND hash % $1 = $2 ORDER BY due_at LIMIT $3", [of, index, most]),
    take: (paymentId) =>
      Effect.flatMap(now, (at) =>
        run(
          "UPDATE payment_received SET state = 'taken', settled_at = $2 WHERE payment_id = $1 AND state = 'received'",
          [paymentId, at]
        )
      ),
    refuse: (paymentId, reason) =>
      Effect.flatMap(now, (at) =>
        run(
          `UPDATE payment_received SET state = 'refused', reason = $2, settled_at = $3
            WHERE payment_id = $1 AND state = 'received'`,
          [paymentId, reason, at]
        )
      ),
    postpone: (paymentId, until) =>
      run(
        `UPDATE payment_received SET attempts = attempts + 1, due_at = $2
          WHERE payment_id = $1 AND state = 'received'`,
        [paymentId, DateTime.formatIso(until)]
      ),
    again: Effect.fn("PgPaymentInbox.again")(function* (paymentId) {
      yield* run(
        `UPDATE payment_received SET state = 'received', reason = NULL, settled_at = NULL, attempts = 0, due_at = $2
          WHERE payment_id = $1 AND state = 'refused'`,
        [paymentId, yield* now]
      )
      yield* bell.ring
      return yield* get(paymentId)
    }),
    arrivals: bell.arrivals,
    arrivedSince
  })
})

export const layer: Layer.Layer<PaymentInbox, never, PgClient.PgClient> = Layer.scoped(PaymentInbox, make)
