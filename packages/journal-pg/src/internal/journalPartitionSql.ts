/**
 * How a journal's tagging gets another number of partitions, while it is written to and read.
 *
 * `<table>_tagging` knows the generations of a tagging: how many partitions it has since which position, and the number
 * that the first of them has in the events' rows. The numbers go on from generation to generation, so that who reads a
 * partition of one of them never sees an event of another.
 *
 * An append says among how many partitions it was placed. Where that is not the number of today, it is placed anew, here
 * and under the lock: a writer that has not heard of a change, or has heard of it before the others, does no harm. So do
 * writers that say nothing: older versions of the library, and programs that are not of it. The first append that says
 * it makes the number known.
 */
import { channel } from "./channel.js"
import { append, firstAppend, names, now, type Placing, settings, textsOf } from "./journalFunctions.js"

/** SQLSTATE where a journal's events are in other partitions than somebody believes. */
export const otherPartitions = "AE004"

export const table = (text: string) => `
CREATE TABLE ${text}_tagging (
  tag text NOT NULL,
  generation integer NOT NULL,
  partitions integer NOT NULL,
  first integer NOT NULL,
  since bigint NOT NULL,
  PRIMARY KEY (tag, generation)
);
`

/** The newest generation of a tag, as columns of a lateral join or scalar of a subquery. */
const newest = (text: string, tag: string, what: string) =>
  `SELECT ${what} FROM ${text}_tagging known WHERE known.tag = ${tag} ORDER BY known.generation DESC LIMIT 1`

/** Where an event of a key belongs that was placed in a partition of so many (null: the writer does not say). */
const placed = (text: string, key: string, given: string, partitions: string) => `known.first + CASE
    WHEN known.partitions = ${partitions} OR ${partitions} IS NULL AND known.first = 0 THEN ${given}
    ELSE ${text}_partition(${key}, known.partitions) END`

/** Makes the first generation known. What stands in the journal has to agree, as far as its last events tell. */
const register = (text: string) => `
CREATE FUNCTION ${text}_register(the_tag text, the_partitions integer) RETURNS void
LANGUAGE plpgsql SET search_path TO pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (
    SELECT FROM (SELECT * FROM ${text} stored ORDER BY stored.position DESC LIMIT 200) last
    WHERE last.tag = the_tag AND last.partition <> ${text}_partition(last.key, the_partitions)
  ) THEN
    RAISE EXCEPTION 'the events of ${text} are not in % partitions of %', the_partitions, the_tag
      USING ERRCODE = '${otherPartitions}', HINT = 'repartition it, and say how many partitions it has';
  END IF;
  INSERT INTO ${text}_tagging (tag, generation, partitions, first, since) VALUES (the_tag, 1, the_partitions, 0, 0);
END $$;
REVOKE EXECUTE ON FUNCTION ${text}_register(text, integer) FROM PUBLIC;
`

/** One more lookup in the statement that takes the time. */
const placing = (text: string): Placing => ({
  name: "partitionedAppend",
  further: {
    parameter: ", a_partitions integer",
    variables: `
  kept_partitions integer;
  kept_first integer;`
  },
  place: `SELECT ${now(text)}, known.partitions, known.first INTO now_locked, kept_partitions, kept_first
  FROM (SELECT 1) one LEFT JOIN LATERAL (${newest(text, "a_tag[1]", "known.partitions, known.first")}) known ON true;
  IF kept_partitions IS NULL THEN
    IF a_partitions IS NOT NULL AND array_length(e_id, 1) > 0 THEN
      PERFORM ${text}_register(a_tag[1], a_partitions);
    END IF;
  ELSIF kept_first > 0 OR kept_partitions <> a_partitions THEN
    a_partition := ARRAY(
      SELECT ${placed(text, "a.key", "a.partition", "a_partitions")}
      FROM unnest(a_key, a_partition) WITH ORDINALITY a(key, partition, n),
        (SELECT kept_partitions AS partitions, kept_first AS first) known
      ORDER BY a.n
    );
  END IF;`
})

/** As `append_one`, with the number of partitions; no parameter has a default, so the two are never mistaken. */
const appendOne = (text: string) => `
CREATE FUNCTION ${text}_append_one(
  key text, expected bigint, id uuid, type text, payload text, tag text, partition integer,
  version integer, metadata text, last uuid, tags text, partitions integer
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
SET plan_cache_mode TO force_generic_plan
SET enable_seqscan TO off
SET lock_timeout TO '10s'
AS $$
#variable_conflict use_column
DECLARE
  journal CONSTANT oid := '${text}'::regclass;
  head bigint;
  head_id uuid;
  place integer;
  stored_at bigint;
BEGIN
${settings(`${text}_append_one`)}
  PERFORM pg_advisory_xact_lock(1634034546, journal::integer);
  SELECT stored.sequence, stored.id INTO head, head_id FROM ${text} stored
  WHERE stored.key = $1 ORDER BY stored.sequence DESC LIMIT 1;
  IF coalesce(head, 0) <> $2 OR $10 IS NOT NULL AND $10 IS DISTINCT FROM head_id THEN
    RETURN NULL;
  END IF;
  place := (${newest(text, "$6", placed(text, "$1", "$7", "$12"))});
  IF place IS NULL THEN
    place := $7;
    IF $12 IS NOT NULL THEN PERFORM ${text}_register($6, $12); END IF;
  END IF;
  INSERT INTO ${text} (key, sequence, id, type, version, tag, partition, tags, payload, metadata, "timestamp")
  VALUES ($1, $2 + 1, $3, $4, $8, $6, place, ${textsOf("$11")}, $5::json, $9::json, ${now(text)})
  RETURNING position INTO stored_at;
  IF $11 IS NOT NULL THEN
    INSERT INTO ${text}_tag (tag, position) SELECT unnest(${textsOf("$11")}), stored_at;
  END IF;
  PERFORM pg_notify('${channel}', journal::text || ' @' || stored_at);
  RETURN stored_at;
END $$;
REVOKE EXECUTE ON FUNCTION ${names(text).partitionedAppendOne} FROM PUBLIC;
`

const definer = `LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp`

/** The functions of before, for who still calls them: they say nothing of the number of partitions. */
const earlier = (text: string) => `
CREATE OR REPLACE FUNCTION ${text}_append(
  a_key text[], a_expected bigint[], a_count integer[], a_first uuid[], a_last uuid[], a_tag text[],
  a_partition integer[], a_metadata text[],
  e_append integer[], e_number integer[], e_id uuid[], e_type text[], e_version integer[], e_tags text[],
  e_payload text[]
) RETURNS TABLE (outcome text, head bigint, last_position bigint)
${definer}
AS $$
BEGIN
  RETURN QUERY SELECT * FROM ${text}_append(
    a_key, a_expected, a_count, a_first, a_last, a_tag, a_partition, a_metadata, e_append, e_number, e_id, e_type,
    e_version, e_tags, e_payload, NULL::integer);
END $$;

CREATE OR REPLACE FUNCTION ${text}_append_one(
  key text, expected bigint, id uuid, type text, payload text, tag text, partition integer,
  version integer DEFAULT 1, metadata text DEFAULT '{}', last uuid DEFAULT NULL, tags text DEFAULT NULL
) RETURNS bigint
${definer}
AS $$
BEGIN
  RETURN ${text}_append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL::integer);
END $$;
${firstAppend(
  text,
  "CREATE OR REPLACE",
  `a_partition := ARRAY(
    SELECT coalesce((${newest(text, "a.tag", placed(text, "a.key", "a.partition", "NULL::integer"))}), a.partition)
    FROM unnest(a_key, a_tag, a_partition) WITH ORDINALITY a(key, tag, partition, n) ORDER BY a.n
  );
  `
)}`

/**
 * Gives the journal so many partitions from its end on, where it has others: the number that it had until then is asked
 * for only where nothing in it says so. It is the owner's affair, and nobody else is granted it.
 */
const repartition = (text: string) => `
CREATE FUNCTION ${text}_repartition(the_tag text, the_partitions integer, had integer) RETURNS void
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp
SET lock_timeout TO '10s'
AS $$
DECLARE
  journal CONSTANT oid := '${text}'::regclass;
  known ${text}_tagging;
BEGIN
${settings(`${text}_repartition`)}
  PERFORM pg_advisory_xact_lock(1634034546, journal::integer);
  SELECT * INTO known FROM ${text}_tagging all_of_them
    WHERE all_of_them.tag = the_tag ORDER BY all_of_them.generation DESC LIMIT 1;
  IF known IS NULL THEN
    PERFORM ${text}_register(the_tag, coalesce(had, the_partitions));
    SELECT * INTO known FROM ${text}_tagging all_of_them WHERE all_of_them.tag = the_tag;
  END IF;
  IF known.partitions = the_partitions THEN RETURN; END IF;
  INSERT INTO ${text}_tagging (tag, generation, partitions, first, since)
  VALUES (the_tag, known.generation + 1, the_partitions, known.first + known.partitions,
    (SELECT coalesce(max(stored.position), 0) FROM ${text} stored));
END $$;
REVOKE EXECUTE ON FUNCTION ${text}_repartition(text, integer, integer) FROM PUBLIC;
`

export const functions = (text: string): string =>
  [register(text), append(text, placing(text)), appendOne(text), earlier(text), repartition(text)].join("")
