/**
 * What the processes of the nodes do, and where it is kept.
 *
 * A writer counts: each of its writes stores the number after the last one that is stored, as a consumer stores its
 * offset. A view folds a journal. What took effect is therefore in tables, and can be judged by whoever reads them.
 */
import { Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Projection, ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Effect, Option, Schema } from "effect"

/** A deployment of writers. */
export interface WriterSet {
  readonly name: string
  readonly processes: number
  /** The pause between two writes, in milliseconds; 0 for processes that do nothing. */
  readonly every: number
  /** How long a process takes to stop, in milliseconds. */
  readonly stopping: number
}

/** SQLSTATE of a write whose number is not the next. */
export const notNext = "CH001"

/**
 * `chaos_process` is where each process stands, `chaos_write` everything that took effect. The row of the first is locked
 * by every write, so the second's ids are in the order of the commits, within a process.
 *
 * A write is refused where its number is not the next, so that it can be sent again when its answer was lost. `careless`
 * leaves that out: what a program writes that knows of no fences.
 */
const tables = `
CREATE TABLE chaos_process (
  deployment text, index integer, n bigint NOT NULL, epoch bigint NOT NULL, runner text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (deployment, index)
) WITH (fillfactor = 50);
CREATE TABLE chaos_write (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment text, index integer, n bigint, epoch bigint, runner text, at timestamptz DEFAULT clock_timestamp()
);
CREATE INDEX ON chaos_write (at);
CREATE SEQUENCE chaos_run;
CREATE FUNCTION chaos_write(
  the_deployment text, the_index integer, the_n bigint, the_epoch bigint, the_runner text, careless boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chaos_process AS present (deployment, index, n, epoch, runner)
    SELECT the_deployment, the_index, the_n, the_epoch, the_runner
    ON CONFLICT (deployment, index) DO UPDATE
      SET n = the_n, epoch = the_epoch, runner = the_runner, at = clock_timestamp()
      WHERE careless OR present.n = the_n - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'not the number after the last' USING ERRCODE = '${notNext}';
  END IF;
  INSERT INTO chaos_write (deployment, index, n, epoch, runner)
    VALUES (the_deployment, the_index, the_n, the_epoch, the_runner);
END $$;
CREATE TABLE chaos_view (
  key text PRIMARY KEY, version bigint NOT NULL, count integer NOT NULL, last integer NOT NULL, misplaced integer NOT NULL
) WITH (fillfactor = 50);
`

const Counted = Schema.TaggedStruct("Counted", {})
export const counted: typeof Counted.Type = { _tag: "Counted" }

export class NumbersJournal extends Journal.Tag<NumbersJournal>()("NumbersJournal", {
  event: Counted,
  tagging: Tagging.partitioned("Numbers", 4)
}) {}

const storedAs = { table: "numbers_event" }
/** A pooler may not know named statements. */
export const journal = (options: { readonly pooled: boolean }) =>
  PgJournal.layer(NumbersJournal, { ...storedAs, namedStatements: !options.pooled })

/** How many events of a key were folded, the sequence of the last, and how many did not follow the one before. */
const Row = Schema.Struct({ count: Schema.Int, last: Schema.Int, misplaced: Schema.Int })
export class NumbersView extends ViewStore.Tag<NumbersView>()("numbers", { row: Row }) {}
export const view = PgViewStore.layer(NumbersView, { table: "chaos_view", key: "key" })

export const projection = Projection.exactlyOnce("numbers", {
  journal: NumbersJournal,
  view: NumbersView,
  project: (row, { sequence }) => {
    const { count, last, misplaced } = Option.getOrElse(row, () => ({ count: 0, last: 0, misplaced: 0 }))
    return { count: count + 1, last: sequence, misplaced: misplaced + (sequence === last + 1 ? 0 : 1) }
  }
})

export const migrations = PgMigrations.layer([
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations(storedAs),
  PgMigrations.make("chaos", [PgMigrations.step("tables", tables)])
])

/** What a view that has lost, doubled or misplaced an event shows, in events; and how many are in the journal. */
export const viewVerdict = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ events: number; lost: number; twice: number; outOfOrder: number }>`
    WITH stored AS (SELECT key, count(*) AS events FROM ${sql(storedAs.table)} GROUP BY key)
    SELECT coalesce(sum(events), 0)::float8 AS events,
      coalesce(sum(greatest(0, events - coalesce(count, 0))), 0)::float8 AS lost,
      coalesce(sum(greatest(0, count - events)), 0)::float8 AS twice,
      coalesce(sum(misplaced), 0)::float8 AS "outOfOrder"
    FROM stored LEFT JOIN chaos_view USING (key)`
  return rows[0] ?? { events: 0, lost: 0, twice: 0, outOfOrder: 0 }
})
