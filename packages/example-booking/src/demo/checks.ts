/**
 * What must be true when the sale is over, checked against the database and over HTTP: nothing lost, nothing counted
 * twice, nothing out of order, no seat sold twice, every payment accounted for, no write of an older run after one of a newer.
 */
import type { EntityEvent } from "@aecor/core"
import { HttpApiClient } from "@effect/platform"
import { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Option, Schedule, Stream } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import type { BookingEvent } from "../domain/BookingEvent.js"
import type { BookingId, ClientId, PaymentId } from "../domain/Ids.js"
import { BookingApi } from "../http/BookingApi.js"
import { type BookingRow, project } from "../view/BookingRow.js"
import { BookingsView } from "../view/BookingsView.js"
import type { Node } from "./nodes.js"

interface Figures {
  readonly events: number
  readonly views: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
  readonly seatsSoldTwice: number
  readonly staleWrites: number
}

type History = ReadonlyArray<EntityEvent.EntityEvent<BookingEvent>>

const histories = Effect.gen(function* () {
  const journal = yield* BookingJournal
  const byKey = new Map<string, Array<EntityEvent.EntityEvent<BookingEvent>>>()
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

const foldOf = (history: History): Option.Option<BookingRow> =>
  history.reduce((row, event) => Option.some(project(row, event)), Option.none<BookingRow>())

const textOf = (row: Option.Option<BookingRow>): string => JSON.stringify(Option.getOrNull(row))

/** Events that can happen to a booking once only, found a second time. */
const repeatedEvents = (history: History): number => history.length - new Set(history.map((_) => _.event._tag)).size

/** Seats that stand on the tickets of more than one booking that has not given them back. */
const doublySold = (all: Iterable<History>): number => {
  const owners = new Map<string, number>()
  for (const history of all) {
    for (const { event } of history) {
      if (event._tag !== "BookingConfirmed") continue
      for (const { seat } of event.tickets) {
        const key = JSON.stringify([seat.row, seat.number])
        owners.set(key, (owners.get(key) ?? 0) + 1)
      }
    }
  }
  return [...owners.values()].filter((count) => count > 1).length
}

/**
 * Of the payments that were accepted: how many are not accounted for, by the booking or by a refusal; and how many were
 * taken by more than one booking, or refused and taken nevertheless.
 */
const paymentsWrong = (accepted: ReadonlySet<PaymentId>, all: ReadonlyMap<string, History>) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const rows = yield* sql<{ readonly id: string; readonly state: string }>`
      SELECT payment_id AS id, state FROM payment_received`
    const stateOf = new Map(rows.map(({ id, state }) => [id, state]))
    const events = [...all.values()].flat().map(({ event }) => event)
    const times = (id: PaymentId) => events.filter((_) => _._tag === "BookingPaid" && _.paymentId === id).length
    const isAccountedFor = (id: PaymentId) =>
      stateOf.get(id) === "taken" ? times(id) > 0 : stateOf.get(id) === "refused"
    const ids = [...accepted]
    return {
      lost: ids.filter((id) => !isAccountedFor(id)).length,
      twice: ids.filter((id) => times(id) > (stateOf.get(id) === "taken" ? 1 : 0)).length
    }
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
const seenOverHttp = (node: Node, accepted: ReadonlyMap<BookingId, ClientId>, all: ReadonlyMap<string, History>) =>
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
      else if (textOf(Option.map(row, (_) => _.view)) !== textOf(foldOf(history))) outOfOrder += 1
      if (history.some((event, i) => event.sequence !== i + 1)) outOfOrder += 1
    }
    const unseen = yield* seenOverHttp(node, accepted, all)
    const wrong = yield* paymentsWrong(payments, all)
    const { commits, stale } = yield* staleWrites
    const figures: Figures = {
      events: [...all.values()].reduce((sum, history) => sum + history.length, 0),
      views: rows.filter(([_, row]) => Option.isSome(row)).length,
      lost: lost + unseen + wrong.lost,
      twice: twice + wrong.twice,
      outOfOrder,
      seatsSoldTwice: doublySold(all.values()),
      staleWrites: stale
    }
    return { figures, commits }
  })
