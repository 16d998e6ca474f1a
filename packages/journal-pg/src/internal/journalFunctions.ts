/**
 * The functions beside a journal's table, of which `<table>_append` is its one writer.
 *
 * It runs a whole batch of appends in one call, under a lock that it takes first and holds until the call's own
 * transaction ends. So positions are given in the order in which they become visible, the heads it reads are exact, and
 * a client that stops in the middle of anything never holds the lock.
 */
import { channel } from "./channel.js"

/** SQLSTATE of a call in a transaction that is not READ COMMITTED. */
const wrongIsolation = "AE003"

/** Refuses what the functions cannot be right in, and turns on what they promise. */
export const settings = (name: string) => `
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION '${name} needs READ COMMITTED, and the transaction is %', current_setting('transaction_isolation')
      USING ERRCODE = '${wrongIsolation}', HINT = 'look at default_transaction_isolation of the database and the role';
  END IF;
  IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;`

/** The time, never before the last event's. */
export const now = (text: string) => `greatest(
    clock_timestamp(), (SELECT stored."timestamp" FROM ${text} stored ORDER BY stored.position DESC LIMIT 1))`

/** The texts of a JSON array of them. */
export const textsOf = (json: string) =>
  `CASE WHEN ${json} IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(${json}::json)) END`

/** The functions as `GRANT` and `REVOKE` name them: Postgres tells those of one name apart by their parameters' types. */
export const names = (text: string) => ({
  append: `${text}_append(text[], bigint[], integer[], uuid[], uuid[], text[], integer[], text[],
  integer[], integer[], uuid[], text[], integer[], text[], text[])`,
  appendOne: `${text}_append_one(text, bigint, uuid, text, text, text, integer, integer, text, uuid, text)`,
  firstAppend: `${text}_append(text[], bigint[], integer[], uuid[], text[], integer[], text[],
  integer[], integer[], uuid[], text[], text[])`,
  partition: `${text}_partition(text, integer)`,
  partitionedAppend: `${text}_append(text[], bigint[], integer[], uuid[], uuid[], text[], integer[], text[],
  integer[], integer[], uuid[], text[], integer[], text[], text[], integer)`,
  partitionedAppendOne: `${text}_append_one(text, bigint, uuid, text, text, text, integer, integer, text, uuid, text, integer)`
})

/** What `append` says of one append. */
export type Outcome = "stored" | "conflict" | "changed"

/**
 * One element of the `a_` arrays an append, at most one a key, and one of the `e_` arrays an event: the number of its
 * append, and its own number in that, both from 1. `a_last` is the id of the event at `a_expected` as the writer knows
 * it, or null. `e_tags` is null or a JSON array of texts. Answers one row an append, in order:
 *
 * - `stored`, with the position of the last event. Also where its first event (`a_first`) stands where it would stand:
 *   an earlier, unanswered call has stored it, and it is not stored again.
 * - `conflict`: the head is not the expected one. Its neighbours do not notice.
 * - `changed`: the event that the writer knows is not there.
 *
 * The timestamp is taken under the lock, and never falls when the server's clock does. Plans: generic ones, made once a
 * session, which use the indexes even while the table is small. What is set locally in the body lasts until the end of
 * the transaction; what is set on the function, for the call. It runs with its owner's rights, so every name in it is
 * looked up in a path that no caller can put a table into.
 */
export const append = (text: string, { further, name, place }: Placing = asGiven(text)): string => `
CREATE FUNCTION ${text}_append(
  a_key text[], a_expected bigint[], a_count integer[], a_first uuid[], a_last uuid[], a_tag text[],
  a_partition integer[], a_metadata text[],
  e_append integer[], e_number integer[], e_id uuid[], e_type text[], e_version integer[], e_tags text[],
  e_payload text[]${further.parameter}
) RETURNS TABLE (outcome text, head bigint, last_position bigint)
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
  fits boolean[];
  positions bigint[];
  now_locked timestamptz;${further.variables}
BEGIN
${settings(`${text}_append`)}
  PERFORM pg_advisory_xact_lock(1634034546, journal::integer);
  SELECT array_agg(coalesce(stored.sequence, 0) ORDER BY a.n),
         array_agg(coalesce(stored.sequence, 0) = a.expected AND (a.last IS NULL OR stored.id = a.last) ORDER BY a.n)
  INTO heads, fits
  FROM unnest(a_key, a_expected, a_last) WITH ORDINALITY a(key, expected, last, n)
    LEFT JOIN LATERAL (
      SELECT sequence, id FROM ${text} stored WHERE stored.key = a.key ORDER BY stored.sequence DESC LIMIT 1
    ) stored ON true;
  ${place}
  WITH stored AS (
    INSERT INTO ${text} (key, sequence, id, type, version, tag, partition, tags, payload, metadata, "timestamp")
    SELECT a_key[e.append], a_expected[e.append] + e.number, e.id, e.type, e.version, a_tag[e.append],
           a_partition[e.append],
           ${textsOf("e.tags")},
           e.payload::json, a_metadata[e.append]::json, now_locked
    FROM unnest(e_append, e_number, e_id, e_type, e_version, e_tags, e_payload)
      WITH ORDINALITY e(append, number, id, type, version, tags, payload, n)
    WHERE fits[e.append]
    ORDER BY e.n
    RETURNING position
  ) SELECT array_agg(position) INTO positions FROM stored;
  IF positions IS NOT NULL THEN
    IF array_length(array_remove(e_tags, NULL), 1) > 0 THEN
      INSERT INTO ${text}_tag (tag, position)
      SELECT unnest(stored.tags), stored.position FROM ${text} stored
      WHERE stored.position >= positions[1] AND stored.tags IS NOT NULL;
    END IF;
    PERFORM pg_notify('${channel}', journal::text || ' @' || positions[array_length(positions, 1)]);
  END IF;

  RETURN QUERY
  SELECT CASE
           WHEN fits[a.n] THEN 'stored'
           WHEN a.count > 0 AND (
             SELECT stored.id FROM ${text} stored WHERE stored.key = a.key AND stored.sequence = a.expected + 1
           ) = a.first THEN 'stored'
           WHEN a.last IS NOT NULL AND a.last IS DISTINCT FROM (
             SELECT stored.id FROM ${text} stored WHERE stored.key = a.key AND stored.sequence = a.expected
           ) THEN 'changed'
           ELSE 'conflict'
         END,
         heads[a.n],
         CASE
           WHEN a.count = 0 THEN NULL
           WHEN fits[a.n] THEN positions[(sum(CASE WHEN fits[a.n] THEN a.count ELSE 0 END) OVER (ORDER BY a.n))::integer]
           ELSE (SELECT stored.position FROM ${text} stored
                 WHERE stored.key = a.key AND stored.sequence = a.expected + a.count)
         END
  FROM unnest(a_key, a_expected, a_count, a_first, a_last) WITH ORDINALITY a(key, expected, count, first, last, n)
  ORDER BY a.n;
END $$;
REVOKE EXECUTE ON FUNCTION ${names(text)[name]} FROM PUBLIC;
`

/** What a version of the function does about partitions before it stores, and takes the time. */
export interface Placing {
  readonly name: "append" | "partitionedAppend"
  readonly further: { readonly parameter: string; readonly variables: string }
  readonly place: string
}

/** Events stand in the partitions that the caller says. */
const asGiven = (text: string): Placing => ({
  name: "append",
  further: { parameter: "", variables: "" },
  place: `now_locked := ${now(text)};`
})

/**
 * The partition of a key: `Tagging.stableHash` of it, for writers that are not of this library. FNV-1a over the bytes,
 * and murmur3's last steps; products of two numbers of 32 bits are taken in halves, so that they stay within 64.
 */
export const partitionOf = (text: string): string => `
CREATE FUNCTION ${text}_partition(key text, partitions integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path TO pg_catalog, pg_temp
AS $$
DECLARE
  low CONSTANT bigint := 4294967295;
  bytes CONSTANT bytea := convert_to(key, 'UTF8');
  hash bigint := 2166136261;
BEGIN
  FOR i IN 0 .. length(bytes) - 1 LOOP
    hash := ((hash # get_byte(bytes, i)) * 16777619) & low;
  END LOOP;
  hash := hash # (hash >> 16);
  hash := (((hash & 65535) * 2246822507) + ((((hash >> 16) * 2246822507) & 65535) << 16)) & low;
  hash := hash # (hash >> 13);
  hash := (((hash & 65535) * 3266489909) + ((((hash >> 16) * 3266489909) & 65535) << 16)) & low;
  hash := hash # (hash >> 16);
  RETURN hash % partitions;
END $$;
`

/**
 * One append of one event: what a journal without a crowd does all the time, at half of the cost, and the way in for
 * writers that are not of this library. Answers the event's position; null, and nothing is stored, where the head is not
 * the expected one or the event with the id `last` is not there (`<table>_append` tells which, and also whether the event
 * has been stored before). `tags` is null or a JSON array of texts.
 */
export const appendOne = (text: string): string => `
CREATE FUNCTION ${text}_append_one(
  key text, expected bigint, id uuid, type text, payload text, tag text, partition integer,
  version integer DEFAULT 1, metadata text DEFAULT '{}', last uuid DEFAULT NULL, tags text DEFAULT NULL
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
  stored_at bigint;
BEGIN
${settings(`${text}_append_one`)}
  PERFORM pg_advisory_xact_lock(1634034546, journal::integer);
  SELECT stored.sequence, stored.id INTO head, head_id FROM ${text} stored
  WHERE stored.key = $1 ORDER BY stored.sequence DESC LIMIT 1;
  IF coalesce(head, 0) <> $2 OR $10 IS NOT NULL AND $10 IS DISTINCT FROM head_id THEN
    RETURN NULL;
  END IF;
  INSERT INTO ${text} (key, sequence, id, type, version, tag, partition, tags, payload, metadata, "timestamp")
  VALUES ($1, $2 + 1, $3, $4, $8, $6, $7, ${textsOf("$11")}, $5::json, $9::json, ${now(text)})
  RETURNING position INTO stored_at;
  IF $11 IS NOT NULL THEN
    INSERT INTO ${text}_tag (tag, position) SELECT unnest(${textsOf("$11")}), stored_at;
  END IF;
  PERFORM pg_notify('${channel}', journal::text || ' @' || stored_at);
  RETURN stored_at;
END $$;
REVOKE EXECUTE ON FUNCTION ${names(text).appendOne} FROM PUBLIC;
`

/** What the first version of the library calls, and a node of it still does during a rolling deploy. */
export const firstAppend = (text: string, create = "CREATE", place = "") => `
${create} FUNCTION ${text}_append(
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
  ${place}heads := ARRAY(
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
