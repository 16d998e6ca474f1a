/**
 * The journal that is appended to all the time, the views that projections keep of it, and what is wrong with a view. One
 * view is left to its projection alone, another is edited and replayed: that would hide what the projection does wrong.
 *
 * A row counts its key's events and chains their ids, each to what came before: it tells whether they were folded each
 * once and in their order, and nothing else was.
 */
import { createHash } from "node:crypto"
import { type EntityEvent, Journal, Tagging } from "@aecor/core"
import { PgJournal, PgViewStore } from "@aecor/journal-pg"
import { Projection, ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, Schema } from "effect"

/** The columns of a view's table. */
export const columns = `key text PRIMARY KEY, version bigint NOT NULL, count integer NOT NULL, last integer NOT NULL,
  misplaced integer NOT NULL, trail text NOT NULL`

const view = "chaos_view"
const replayed = "chaos_replayed_view"
/** Where it is kept that knows neither fences nor transactions. */
const naive = "chaos_naive_view"

export const tables = `
CREATE TABLE ${view} (${columns}) WITH (fillfactor = 50);
CREATE TABLE ${replayed} (${columns}) WITH (fillfactor = 50);
CREATE TABLE ${naive} (${columns}) WITH (fillfactor = 50);
CREATE TABLE chaos_naive_offset (partition integer PRIMARY KEY, "offset" bigint NOT NULL);
CREATE FUNCTION chaos_next_trail(trail text, id text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT md5(trail || id)';
CREATE AGGREGATE chaos_trail(text) (SFUNC = chaos_next_trail, STYPE = text, INITCOND = '');
`

/** As the aggregate does it. */
const nextTrail = (trail: string, id: string): string =>
  createHash("md5")
    .update(trail + id)
    .digest("hex")

const Counted = Schema.TaggedStruct("Counted", {})
export const counted: typeof Counted.Type = { _tag: "Counted" }

export class NumbersJournal extends Journal.Tag<NumbersJournal>()("NumbersJournal", {
  event: Counted,
  tagging: Tagging.partitioned("Numbers", 4)
}) {}

export const storedAs = { table: "numbers_event" }

export interface Way {
  /** Through a pooler, which may not know named statements. */
  readonly pooled: boolean
}

export const journalLayer = ({ pooled }: Way) =>
  PgJournal.layer(NumbersJournal, { ...storedAs, namedStatements: !pooled })

/**
 * How many events of a key were folded, the sequence of the last, how many did not follow the one before, and the chain of
 * their ids.
 */
export const Row = Schema.Struct({ count: Schema.Int, last: Schema.Int, misplaced: Schema.Int, trail: Schema.String })
class NumbersView extends ViewStore.Tag<NumbersView>()("numbers", { row: Row }) {}
export class ReplayedView extends ViewStore.Tag<ReplayedView>()("replayed", { row: Row }) {}

export const viewLayer = ({ pooled }: Way) => {
  const storage = { key: "key", namedStatements: !pooled } as const
  return Layer.merge(
    PgViewStore.layer(NumbersView, { table: view, ...storage }),
    PgViewStore.layer(ReplayedView, { table: replayed, ...storage })
  )
}

const empty: typeof Row.Type = { count: 0, last: 0, misplaced: 0, trail: "" }

export const project = (
  row: Option.Option<typeof Row.Type>,
  { id, sequence }: EntityEvent.EntityEvent<typeof Counted.Type>
): typeof Row.Type => {
  const { count, last, misplaced, trail } = Option.getOrElse(row, () => empty)
  return {
    count: count + 1,
    last: sequence,
    misplaced: misplaced + (sequence === last + 1 ? 0 : 1),
    trail: nextTrail(trail, id)
  }
}

export const projection = Projection.exactlyOnce("numbers", { journal: NumbersJournal, view: NumbersView, project })
export const replayedProjection = Projection.exactlyOnce("replayed", {
  journal: NumbersJournal,
  view: ReplayedView,
  project
})

/**
 * What is wrong with a view, in events: how many are in the journal, and of those how many the view has lost, doubled or
 * misplaced. `wrongRows` are those that are not the fold of their key's events up to their version: events that were
 * folded twice or left out, and whatever else is in them.
 */
export const judge = (table: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const rows = yield* sql<Verdict>`
      WITH stored AS (SELECT key, count(*) AS events FROM ${sql(storedAs.table)} GROUP BY key)
      SELECT coalesce(sum(events), 0)::float8 AS events,
        coalesce(sum(greatest(0, events - coalesce(seen.count, 0))), 0)::float8 AS lost,
        coalesce(sum(greatest(0, seen.count - events)), 0)::float8 AS twice,
        coalesce(sum(seen.misplaced), 0)::float8 AS "outOfOrder",
        count(*) FILTER (WHERE seen.trail <> (
          SELECT chaos_trail(event.id::text ORDER BY event.sequence) FROM ${sql(storedAs.table)} event
          WHERE event.key = stored.key AND event.sequence <= seen.version
        ))::float8 AS "wrongRows"
      FROM stored LEFT JOIN ${sql(table)} seen USING (key)`
    return rows[0] ?? { events: 0, lost: 0, twice: 0, outOfOrder: 0, wrongRows: 0 }
  })

export interface Verdict {
  readonly events: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
  readonly wrongRows: number
}

/** What is wrong with a view as soon as it has seen whatever is stored, or comes no further. */
export const caughtUp = <E, R>(verdict: Effect.Effect<Verdict, E, R>): Effect.Effect<Verdict, E, R> =>
  Effect.delay(verdict, "200 millis").pipe(
    Effect.repeat({ until: ({ lost }) => lost === 0 }),
    Effect.timeoutOption("2 minutes"),
    Effect.flatMap(Option.match({ onNone: () => verdict, onSome: Effect.succeed }))
  )

export const verdict = judge(view)
export const replayedVerdict = judge(replayed)
export const naiveVerdict = judge(naive)
