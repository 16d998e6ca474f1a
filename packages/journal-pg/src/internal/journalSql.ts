/**
 * A journal's table, its one writer, and the statements that read it.
 *
 * The function `<table>_append` runs a whole batch of appends in one call, under a lock that it takes first and holds
 * until the call's own transaction ends. So positions are given in the order in which they become visible, the heads it
 * reads are exact, and a client that stops in the middle of anything never holds the lock.
 */
import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import { type Step, step } from "../PgMigrations.js"
import { channel } from "./channel.js"
import type { TableName } from "./identifier.js"

/** SQLSTATE of a call in a transaction that is not READ COMMITTED. */
const wrongIsolation = "AE003"

const schemaOf = ({ schema }: TableName) => (schema === undefined ? "" : `CREATE SCHEMA IF NOT EXISTS ${schema};`)

const table = ({ name, text }: TableName) => `
CREATE TABLE ${text} (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL,
  sequence bigint NOT NULL,
  id uuid NOT NULL UNIQUE,
  type text NOT NULL,
  tag text NOT NULL,
  partition integer NOT NULL,
  payload jsonb NOT NULL,
  metadata jsonb NOT NULL,
  "timestamp" timestamptz NOT NULL,
  UNIQUE (key, sequence)
);
CREATE INDEX ${name}_by_tag ON ${text} (tag, partition, position);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ${text} FROM PUBLIC;
`

/**
 * One element of the `a_` arrays an append, at most one a key, and one of the `e_` arrays an event: the number of its
 * append, and its own number in that, both from 1. Answers one row an append, in order.
 *
 * - A stale append is not accepted, and its neighbours do not notice.
 * - An append whose first event stands where it would stand has been stored by an earlier, unanswered call: it is
 *   accepted and not stored again. (After the insert that is so for every accepted append.)
 * - The timestamp is taken under the lock, and never falls when the server's clock does.
 * - Plans: a generic one, made once a session, which uses the indexes even while the table is small.
 * - What is set locally in the body lasts until the end of the transaction; what is set on the function, for the call.
 * - It runs with its owner's rights, so every name in it is looked up in a path that no caller can put a table into.
 */
const append = (text: string) => `
CREATE FUNCTION ${text}_append(
  a_key text[], a_expected bigint[], a_count integer[], a_first uuid[], a_tag text[], a_partition integer[],
  a_metadata text[], e_append integer[], e_number integer[], e_id uuid[], e_type text[], e_payload text[]
) RETURNS TABLE (accepted boolean, head bigint, last_position bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
SET plan_cache_mode TO force_generic_plan
SET enable_seqscan TO off
SET lock_timeout TO '10s'
AS $$
#variable_conflict use_column
DECLARE
  journal CONSTANT oid := '${text}'::regclass;
  heads bigint[];
  now_locked timestamptz;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION '${text}_append needs READ COMMITTED, and the transaction is %', current_setting('transaction_isolation')
      USING ERRCODE = '${wrongIsolation}', HINT = 'look at default_transaction_isolation of the database and the role';
  END IF;
  IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;

  PERFORM pg_advisory_xact_lock(1634034546, journal::integer);
  heads := ARRAY(
    SELECT coalesce((SELECT max(stored.sequence) FROM ${text} stored WHERE stored.key = a.key), 0)
    FROM unnest(a_key) WITH ORDINALITY a(key, n) ORDER BY a.n
  );
  now_locked := greatest(
    clock_timestamp(),
    (SELECT stored."timestamp" FROM ${text} stored ORDER BY stored.position DESC LIMIT 1)
  );
  INSERT INTO ${text} (key, sequence, id, type, tag, partition, payload, metadata, "timestamp")
  SELECT a_key[e.append], a_expected[e.append] + e.number, e.id, e.type, a_tag[e.append], a_partition[e.append],
         e.payload::jsonb, a_metadata[e.append]::jsonb, now_locked
  FROM unnest(e_append, e_number, e_id, e_type, e_payload) WITH ORDINALITY e(append, number, id, type, payload, n)
  WHERE heads[e.append] = a_expected[e.append]
  ORDER BY e.n;
  IF FOUND THEN
    PERFORM pg_notify('${channel}', journal::text || ' ' || string_agg(DISTINCT partition::text, ','))
    FROM unnest(a_partition) partition;
  END IF;

  RETURN QUERY
  SELECT CASE a.count WHEN 0 THEN heads[a.n] = a.expected ELSE coalesce(
           (SELECT stored.id = a.first FROM ${text} stored WHERE stored.key = a.key AND stored.sequence = a.expected + 1),
           false) END,
         heads[a.n],
         (SELECT stored.position FROM ${text} stored
          WHERE a.count > 0 AND stored.key = a.key AND stored.sequence = a.expected + a.count)
  FROM unnest(a_key, a_expected, a_count, a_first) WITH ORDINALITY a(key, expected, count, first, n)
  ORDER BY a.n;
END $$;
`

/** The schema that the table was made in. */
const home = ({ text }: TableName) =>
  `SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = '${text}'::regclass`

/** The steps that make a journal's table. */
export const steps = (name: TableName): ReadonlyArray<Step> => [
  step("table", schemaOf(name) + table(name)),
  {
    name: "append",
    run: Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql.unsafe<{ readonly schema: string }>(home(name))
      return yield* sql.unsafe(append(`${row?.schema}.${name.name}`))
    })
  }
]

/**
 * The statements of one table. Numbers of 64 bits come as text, whatever the client parses; so does JSON. A bare name
 * after ORDER BY would mean that text: hence `stored`.
 */
export const statements = ({ text }: TableName) => {
  const columns = `position::text, key, sequence::text, id::text, type, payload::text, metadata::text,
    floor(extract(epoch FROM "timestamp") * 1000)::text AS "timestamp"`
  return {
    /** The identity of the table, which its wake-ups carry; null where there is no such table. */
    identity: `SELECT to_regclass('${text}')::oid::text AS identity`,
    append: `SELECT accepted, head::text, last_position::text FROM ${text}_append(
      $1::text[], $2::bigint[], $3::integer[], $4::uuid[], $5::text[], $6::integer[], $7::text[],
      $8::integer[], $9::integer[], $10::uuid[], $11::text[], $12::text[])`,
    byKey: `SELECT ${columns} FROM ${text} stored WHERE key = $1 AND sequence > $2 ORDER BY stored.sequence LIMIT $3`,
    byTag: `SELECT ${columns} FROM ${text} stored WHERE tag = $1 AND partition = $2 AND position > $3
      AND position <= $4 ORDER BY stored.position LIMIT $5`,
    headOfTag: `SELECT coalesce(max(position), 0)::text AS head FROM ${text} WHERE tag = $1 AND partition = $2`,
    head: `SELECT coalesce(max(position), 0)::text AS head FROM ${text}`,
    /**
     * The last position up to a time, by halving: times never fall as positions grow, so no index on them is needed. In
     * each step the answer lies in [low, high].
     */
    headAt: `WITH RECURSIVE search(low, high) AS (
        SELECT 0::bigint, coalesce(max(position), 0) FROM ${text}
        UNION ALL
        SELECT CASE WHEN old THEN probe.position ELSE low END, CASE WHEN old THEN high ELSE middle - 1 END
        FROM search
          CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) halved
          LEFT JOIN LATERAL (
            SELECT stored.position, stored."timestamp" < to_timestamp(($1::bigint + 1) / 1000.0) AS old FROM ${text} stored
            WHERE stored.position >= middle AND stored.position <= high ORDER BY stored.position LIMIT 1
          ) probe ON true
        WHERE low < high
      ) SELECT low::text AS head FROM search WHERE low = high`
  }
}
