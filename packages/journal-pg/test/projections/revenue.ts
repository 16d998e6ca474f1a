import { PgProjection } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { OrderJournal } from "./orders.js"

// All that `write` does is one transaction with the offset, under the process's fence.
export const revenue = PgProjection.exactlyOnce("Revenue", {
  journal: OrderJournal,
  write: (events) =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      for (const { event, timestamp } of events) {
        if (event._tag !== "Ordered") continue
        yield* sql`INSERT INTO revenue VALUES (${new Date(timestamp)}, ${event.amount})
          ON CONFLICT (day) DO UPDATE SET amount = revenue.amount + excluded.amount`
      }
    })
})
