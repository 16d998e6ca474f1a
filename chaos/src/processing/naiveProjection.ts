/**
 * A projection as one writes it that knows no better: the view and the offset in statements of their own, without fences.
 * It is here to be found out.
 */
import { Process, type Tagging } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Chunk, Effect, Stream } from "effect"
import { NumbersJournal } from "./numbers.js"

/** How often it looks for events. */
const interval = "50 millis"
/** What it does in between takes so long: it tells somebody. */
const telling = "100 millis"

const process = (tag: Tagging.EventTag) =>
  Process.fromEffect(
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const journal = yield* NumbersJournal
      const { partition } = tag
      const [stored] = yield* sql<{ readonly offset: number }>`
        SELECT "offset"::float8 AS offset FROM chaos_naive_offset WHERE partition = ${partition}`
      let offset = stored?.offset ?? 0

      const fold = (key: string, sequence: number, id: string) => sql`
        INSERT INTO chaos_naive_view AS present (key, version, count, last, misplaced, trail)
        VALUES (${key}, ${sequence}, 1, ${sequence}, 0, md5(${id})) ON CONFLICT (key) DO UPDATE SET
          version = excluded.version, count = present.count + 1, last = excluded.last,
          misplaced = present.misplaced + (excluded.last <> present.last + 1)::integer,
          trail = md5(present.trail || ${id})`
      const store = (next: number) => sql`
        INSERT INTO chaos_naive_offset (partition, "offset") VALUES (${partition}, ${next})
        ON CONFLICT (partition) DO UPDATE SET "offset" = excluded."offset"`

      while (true) {
        const page = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.currentEventsByTag(tag, offset)))
        const last = page.at(-1)?.position
        if (last !== undefined) {
          const folded = Effect.forEach(page, ({ id, key, sequence }) => fold(key, sequence, id), { discard: true })
          // as a promise is: nothing interrupts it
          yield* Effect.uninterruptible(Effect.zipRight(folded, Effect.delay(store(last), telling)))
          offset = last
        }
        yield* Effect.sleep(interval)
      }
    })
  )

export const naiveProjection = { name: "naive", processes: NumbersJournal.tagging.tags.map(process) }
