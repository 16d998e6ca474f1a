/** The table of view aliases, and the function that makes another version serve. */
import type { Rights } from "./grants.js"

export const table = `
CREATE TABLE view_alias (
  name text PRIMARY KEY,
  version text NOT NULL,
  swaps bigint NOT NULL DEFAULT 0,
  swapped_at timestamptz
);
`

/**
 * Makes another version serve, or says why not: one transaction. The offsets of the version that serves are locked first,
 * and the keys in its quarantine; so nothing of it is committed until the alias has moved. Rows of offsets that are not
 * there yet are made, to be locked. Each look at the next version's offsets sees what has been committed meanwhile.
 */
export const swap = `
CREATE FUNCTION aecor_swap_view(
  the_alias text, initial text, the_old text, the_new text, the_tags text[], the_partitions integer[], patience integer
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
  until timestamptz := clock_timestamp() + patience * interval '1 millisecond';
  serving text;
  behind jsonb;
  waiting jsonb;
BEGIN
  INSERT INTO view_alias (name, version) VALUES (the_alias, initial) ON CONFLICT DO NOTHING;
  SELECT version INTO STRICT serving FROM view_alias WHERE name = the_alias FOR UPDATE;
  IF serving = the_new THEN RETURN jsonb_build_object('_tag', 'Swapped'); END IF;
  IF serving <> the_old THEN RETURN jsonb_build_object('_tag', 'Other', 'serving', serving); END IF;

  INSERT INTO consumer_offset (consumer, tag, partition, "offset", epoch)
    SELECT the_old, one.tag, one.partition, 0, 0 FROM unnest(the_tags, the_partitions) one(tag, partition)
    ON CONFLICT DO NOTHING;
  PERFORM 1 FROM consumer_offset WHERE consumer = the_old ORDER BY tag, partition FOR UPDATE;
  PERFORM 1 FROM consumer_quarantine WHERE consumer = the_old ORDER BY tag, partition, key FOR UPDATE;
  LOOP
    SELECT coalesce(jsonb_agg(jsonb_build_object('partition', old.partition, 'offset', coalesce(next."offset", 0),
        'of', old."offset") ORDER BY old.partition), '[]') INTO behind
      FROM unnest(the_tags, the_partitions) one(tag, partition)
      JOIN consumer_offset old ON old.consumer = the_old AND old.tag = one.tag AND old.partition = one.partition
      LEFT JOIN consumer_offset next ON next.consumer = the_new AND next.tag = one.tag AND next.partition = one.partition
      WHERE coalesce(next."offset", 0) < old."offset";
    EXIT WHEN behind = '[]' OR clock_timestamp() >= until;
    PERFORM pg_sleep(0.005);
  END LOOP;
  SELECT coalesce(jsonb_agg(jsonb_build_object('key', next.key, 'sequence', next.sequence, 'cause', next.cause)
      ORDER BY next.since), '[]') INTO waiting
    FROM consumer_quarantine next WHERE next.consumer = the_new AND NOT EXISTS (
      SELECT FROM consumer_quarantine old WHERE old.consumer = the_old AND old.tag = next.tag
        AND old.partition = next.partition AND old.key = next.key AND old.sequence <= next.sequence
    );
  IF behind <> '[]' OR waiting <> '[]' THEN
    RETURN jsonb_build_object('_tag', 'Refused', 'behind', behind, 'quarantined', waiting);
  END IF;
  UPDATE view_alias SET version = the_new, swaps = swaps + 1, swapped_at = clock_timestamp() WHERE name = the_alias;
  RETURN jsonb_build_object('_tag', 'Swapped');
END $$;
`

/** What serves under a name; no row where nothing was ever swapped. */
export const serving = `SELECT version, swaps::text FROM view_alias WHERE name = $1`

export const swapCall = `SELECT aecor_swap_view($1, $2, $3, $4, $5::text[], $6::integer[], $7::integer)::text AS answer`

/** What a query through an alias needs. */
export const rights: Rights = [["SELECT", "view_alias"]]

/** What a swap needs beside what projections need. */
export const swapRights: Rights = [
  ["SELECT, INSERT, UPDATE", "view_alias"],
  ["EXECUTE", "FUNCTION aecor_swap_view"]
]

/** What serves under a name, locked to the end of the transaction: nobody swaps meanwhile. */
export const lockServing = `INSERT INTO view_alias (name, version) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET version = view_alias.version RETURNING version`

/** Milliseconds: a process that was heard of so lately may run still, longer than a node that is well is ever silent. */
const lately = 30_000

/** Milliseconds that it is waited for a copy that is within a commit. */
const commitPatience = 2000

/** The processes of a deployment that are not stopped, or have been heard of lately. */
export const running = `SELECT index FROM process_lease
  WHERE deployment = $1 AND (desired OR (runner IS NOT NULL AND aecor_age(heartbeat_at) < ${lately})) ORDER BY index`

/** Whatever copy of a process sleeps somewhere commits nothing any more. */
export const fenced = `SELECT aecor_revoke(deployment, index, ${commitPatience}) AS answer
  FROM process_lease WHERE deployment = $1`

/** Everything of a version but its table: the parameters are its name, and for tombstones its table. */
export const forget = [
  "DELETE FROM consumer_offset WHERE consumer = $1",
  "DELETE FROM consumer_quarantine WHERE consumer = $1"
]
export const forgetTombstones = `DELETE FROM view_tombstone WHERE view = (
  SELECT format('%I.%I', s.nspname, c.relname) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
  WHERE c.oid = to_regclass($1))`
export const empty = (from: string): string =>
  `WITH gone AS (DELETE FROM ${from} RETURNING 1) SELECT count(*)::text AS rows FROM gone`
