/**
 * What the processes of the nodes do, and where it is kept.
 *
 * A writer counts: each of its writes stores the number after the last one that is stored, as a consumer stores its
 * offset. A view folds a journal (`numbers.ts`). What took effect is therefore in tables, and can be judged by whoever
 * reads them.
 */
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewAliases } from "@aecor/journal-pg"
import * as Served from "../swap/served.js"
import * as Numbers from "./numbers.js"

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
`

export const migrations = PgMigrations.layer([
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgViewAliases.migrations,
  PgJournal.migrations(Numbers.storedAs),
  PgMigrations.make("chaos", [
    PgMigrations.step("tables", tables),
    PgMigrations.step("views", Numbers.tables),
    PgMigrations.step("versions", Served.tables)
  ])
])
