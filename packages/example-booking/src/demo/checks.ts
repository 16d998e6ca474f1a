/**
 * What must be true when the sale is over, checked against the database and over HTTP: nothing lost, nothing counted
 * twice, nothing out of order, no seat sold twice, every payment accounted for, no write of an older run after one of a newer.
 */
import { HttpApiClient } from "@effect/platform"
import { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Option, Schedule, Stream } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import type { BookingId, ClientId, PaymentId } from "../domain/Ids.js"
import { BookingApi } from "../http/BookingApi.js"
import {
  foldOf,
  type Histories,
  isFoldOf,
  paymentsWrong,
  repeatedEvents,
  seatsSoldTwice,
  type Standing
} from "../run/invariants.js"
import type { Node } from "../run/nodes.js"
import type { Happened } from "../view/BookingRow.js"
import { BookingsView } from "../view/BookingsView.js"

interface Figures {
  readonly events: number
  readonly views: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
  readonly seatsSoldTwice: number
  readonly staleWrites: number
}

const histories = Effect.gen(function* () {
  const journal = yield* BookingJournal
  const byKey = new Map<string, Array<Happened>>()
  yield* Effect.forEach(
    BookingJournal.tagging.tags,
    (tag) =>
      Stream.runForEachChunk(journal.currentEventsByTag(tag, 0), (events) =>
        Effect.sync(() => {
          for (const event of events) byKey.set(event.key, [...(byKey.get(event.key) ?? []), event])
        })
      ),
    { discard: true }
  )
  return byKey
})

/** Where the payments stand. */
const standings = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{
    readonly id: PaymentId
    readonly state: Standing["state"]
    readonly reason: string | null
  }>`
    SELECT payment_id AS id, state, reason FROM payment_received`
  return new Map(rows.map(({ id, reason, state }) => [id, { state, reason: Option.fromNullable(reason) }]))
})

/** Sees every commit of an offset from now on, in the order in which they take effect. */
export const recordCommits = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(`
    CREATE TABLE demo_commit (id bigserial PRIMARY KEY, consumer text, tag text, partition integer, epoch bigint);
    CREATE FUNCTION demo_record() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO demo_commit (consumer, tag, partition, epoch) VALUES (new.consumer, new.tag, new.partition, new.epoch);
      RETURN NULL;
    END $$;
    CREATE TRIGGER demo_record AFTER INSERT OR UPDATE ON consumer_offset
      FOR EACH ROW EXECUTE FUNCTION demo_record();
  `)
})

const staleWrites = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly stale: number; readonly commits: number }>`
    SELECT count(*) FILTER (WHERE newest > epoch)::integer AS stale, count(*)::integer AS commits FROM (
      SELECT epoch, max(epoch) OVER (PARTITION BY consumer, tag, partition ORDER BY id) AS newest FROM demo_commit
    ) AS commit`
  return rows[0] ?? { stale: 0, commits: 0 }
})

/** Whether a booking's owner sees over HTTP what the journal says. */
const seenOverHttp = (node: Node, accepted: ReadonlyMap<BookingId, ClientId>, all: Histories) =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi, { baseUrl: node.url })
    const outcomes = yield* Effect.forEach(
      accepted,
      ([bookingId, clientId]) =>
        api.bookings.get({ path: { clientId, bookingId }, urlParams: { token: Option.none() } }).pipe(
          Effect.retry({ times: 5, while: (error) => error._tag !== "BookingNotFound" }),
          Effect.option,
          Effect.map((seen) => {
            const row = foldOf(all.get(bookingId) ?? [])
            return Option.isSome(seen) && Option.isSome(row) && seen.value.status === row.value.status
          })
        ),
      { concurrency: 8 }
    )
    return outcomes.filter((seen) => !seen).length
  })

/** Waits until no booking waits for its confirmation, no payment waits for its booking, and every view has its journal's version, or until it takes too long. */
export const awaitQuiet = (within: Duration.DurationInput) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const [behind] = yield* sql<{ readonly count: number }>`
      SELECT count(*)::integer AS count
      FROM (SELECT key, max(sequence) AS head FROM booking_event GROUP BY key) AS journal
      LEFT JOIN bookings ON booking_id = key
      WHERE version IS DISTINCT FROM head OR status = 'AwaitingConfirmation'`
    const [unpaid] = yield* sql<{ readonly count: number }>`
      SELECT count(*)::integer AS count FROM payment_received WHERE state = 'received'`
    const left = (behind?.count ?? 0) + (unpaid?.count ?? 0)
    if (left > 0) return yield* Effect.fail(left)
  }).pipe(Effect.retry(Schedule.spaced("200 millis").pipe(Schedule.upTo(within))), Effect.ignore)

export const check = (node: Node, accepted: ReadonlyMap<BookingId, ClientId>, payments: ReadonlySet<PaymentId>) =>
  Effect.gen(function* () {
    const view = yield* BookingsView
    const all = yield* histories
    const keys = new Set<string>([...accepted.keys(), ...all.keys()])
    const rows = yield* Effect.forEach(keys, (key) => Effect.map(view.get(key), (row) => [key, row] as const), {
      concurrency: 8
    })
    let lost = 0
    let twice = 0
    let outOfOrder = 0
    for (const [key, row] of rows) {
      const history = all.get(key) ?? []
      const version = Option.match(row, { onNone: () => 0, onSome: (_) => _.version })
      twice += repeatedEvents(history)
      if (version > history.length) twice += 1
      else if (history.length === 0 || version < history.length) lost += 1
      else if (
        !isFoldOf(
          Option.map(row, (_) => _.view),
          history
        )
      )
        outOfOrder += 1
      if (history.some((event, i) => event.sequence !== i + 1)) outOfOrder += 1
    }
    const unseen = yield* seenOverHttp(node, accepted, all)
    const wrong = paymentsWrong(payments, yield* standings, all)
    const { commits, stale } = yield* staleWrites
    const figures: Figures = {
      events: [...all.values()].reduce((sum, history) => sum + history.length, 0),
      views: rows.filter(([_, row]) => Option.isSome(row)).length,
      lost: lost + unseen + wrong.lost,
      twice: twice + wrong.twice,
      outOfOrder,
      seatsSoldTwice: seatsSoldTwice(all),
      staleWrites: stale
    }
    return { figures, commits }
  })
