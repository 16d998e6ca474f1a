/** Emmett's projector over its own tables: the statement of a raw SQL projection is what our fold and commit come to. */
import { serve } from "../../run/Worker.js"
import type { BookingEvent } from "../../journal/BookingEvent.js"
import { dumbo, emmett, storeOn } from "../../journal/EmmettModules.js"
import { using } from "../../journal/Pool.js"
import * as Timed from "../../journal/Timed.js"
import { columns } from "../BookingsView.js"

const table = "emmett_bookings"

/** The events as its reader gives them: the plain data of ours. */
type Plain = Extract<BookingEvent, { readonly _tag: string }>
type Projected = { readonly type: Plain["_tag"]; readonly data: Record<string, unknown> }

const list = (value: unknown): ReadonlyArray<{ readonly price?: { readonly cents: number } }> =>
  Array.isArray(value) ? value : []

/** What an event sets, as the fold of `BookingsView.ts` does. */
const changed = ({ data, type }: Projected): Readonly<Record<string, string | number>> => {
  switch (type) {
    case "BookingPlaced":
      return { status: "Placed", concert_id: String(data["concertId"]), seats: list(data["seats"]).length }
    case "BookingConfirmed":
      return {
        status: "Confirmed",
        cents: list(data["tickets"]).reduce((sum, { price }) => sum + (price?.cents ?? 0), 0)
      }
    case "BookingPaid":
      return { status: "Paid" }
  }
}

const upsert = (key: string, version: string, event: Projected) => {
  const row = { status: "Placed", concert_id: "", seats: 0, cents: 0, ...changed(event) }
  const set = Object.keys(changed(event)).map((column) => `${column} = excluded.${column}`)
  return dumbo.sql(
    `INSERT INTO ${table} AS present (booking_id, version, status, concert_id, seats, cents, changes)
     VALUES (%L, %s, %L, %L, %s, %s, 1) ON CONFLICT (booking_id) DO UPDATE
     SET version = excluded.version, changes = present.changes + 1, ${set.join(", ")}
     WHERE present.version < excluded.version`,
    key,
    version,
    row.status,
    row.concert_id,
    row.seats,
    row.cents
  )
}

let runs = 0

const tasks = {
  migrate: (url: string): Promise<void> =>
    using(url, 1, async (pool) => {
      await storeOn(url, pool).schema.migrate()
      await pool.query(`CREATE TABLE ${table} (${columns}) WITH (fillfactor = 50)`)
    }),

  /** Projects everything from the beginning, at its fastest settings: pages of 1,000, a pause of a millisecond. */
  project: ({ events, url }: { readonly url: string; readonly events: number }) =>
    using(url, 8, async (pool) => {
      await pool.query(`TRUNCATE ${table}`)
      const store = storeOn(url, pool)
      const name = `bookings-${++runs}`
      const consumer = store.consumer<Projected>({
        pulling: { batchSize: 1000, pullingFrequencyInMs: 1 },
        stopWhen: { noMessagesLeft: true }
      })
      consumer.projector({
        processorId: name,
        projection: emmett.postgreSQLRawSQLProjection<Projected>({
          name,
          canHandle: ["BookingPlaced", "BookingConfirmed", "BookingPaid"],
          evolve: (event) => {
            const { streamName, streamPosition } = metadataOf(event)
            return upsert(streamName, String(streamPosition), event)
          }
        })
      })
      return Timed.promise(async () => {
        await consumer.start()
        const { rows } = await pool.query<{ readonly events: string }>(
          `SELECT coalesce(sum(changes), 0) AS events FROM ${table}`
        )
        if (Number(rows[0]?.events) !== events) throw new Error(`${rows[0]?.events} of ${events} were projected`)
        return events
      })
    })
}

/** Its types leave out of an event what its projector hands over with it. */
const metadataOf = (event: object) =>
  (event as { readonly metadata: { readonly streamName: string; readonly streamPosition: bigint } }).metadata

export type Emmett = typeof tasks

serve(tasks)
