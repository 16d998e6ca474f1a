/** The table of consumers' offsets, each with the epoch of the run that moved it, and the one function that does. */
import type { ConsumerId, Offset, ProcessContext } from "@aecor/core"
import type { Rights } from "./grants.js"
import { statement } from "./statement.js"

/** SQLSTATE of a fence that is not the newest: `aecor_guard` raises it. */
export const notNewest = "AE001"
/** SQLSTATE of an offset that is not the expected one; the detail says what it is. */
export const notExpected = "AE002"

export const table = `
CREATE TABLE consumer_offset (
  consumer text NOT NULL,
  tag text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  epoch bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, tag, partition)
) WITH (fillfactor = 50);
`

/**
 * Moves an offset where the fence is the newest and the offset is the expected one, and raises otherwise: a statement
 * that calls it stores all of what it stores, or nothing. The fence is locked first, so that from there to the end of
 * the transaction no newer run of the process can begin.
 */
export const commit = `
CREATE FUNCTION aecor_commit_offset(
  the_deployment text, the_index integer, the_epoch bigint, the_token text,
  the_consumer text, the_tag text, the_partition integer, expected bigint, next bigint
) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM aecor_guard(the_deployment, the_index, the_epoch, the_token);
  UPDATE consumer_offset SET "offset" = next, epoch = the_epoch, updated_at = clock_timestamp()
    WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition AND "offset" = expected;
  IF NOT FOUND AND expected = 0 THEN
    INSERT INTO consumer_offset (consumer, tag, partition, "offset", epoch)
      VALUES (the_consumer, the_tag, the_partition, next, the_epoch) ON CONFLICT DO NOTHING;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% of %/% is not at offset %', the_consumer, the_tag, the_partition, expected
      USING ERRCODE = '${notExpected}', DETAIL = coalesce((
        SELECT "offset" FROM consumer_offset
        WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition
      ), 0);
  END IF;
  RETURN true;
END $$;
`

/** What commits need: the function runs with its caller's rights. */
export const rights: Rights = [
  ["SELECT, INSERT, UPDATE", "consumer_offset"],
  ["EXECUTE", "FUNCTION aecor_commit_offset"]
]

/** A call of the function, and what it is called with: the first nine parameters of a statement. */
export const commitCall =
  "aecor_commit_offset($1, $2::integer, $3::bigint, $4, $5, $6, $7::integer, $8::bigint, $9::bigint)"
export const commitParameters = (step: {
  readonly consumer: ConsumerId.ConsumerId
  readonly fence: ProcessContext.Fence
  readonly expected: Offset.Offset
  readonly offset: Offset.Offset
}): ReadonlyArray<unknown> => {
  const { consumer, expected, fence, offset } = step
  const { name, tag } = consumer
  return [fence.deployment, fence.index, fence.epoch, fence.token, name, tag.name, tag.partition, expected, offset]
}

/** A consumer's offset as a scalar subquery, of the parameters from a number on. */
export const offsetOf = (first: number): string => `coalesce((SELECT "offset" FROM consumer_offset
  WHERE consumer = $${first} AND tag = $${first + 1} AND partition = $${first + 2}), 0)::text`
/** A consumer as one text, as `ofConsumers` takes it. */
export const identityOf = ({ name, tag }: ConsumerId.ConsumerId): string =>
  JSON.stringify([name, tag.name, tag.partition])
/** The offsets of the consumers in the first parameter; no row of one that has none. */
export const ofConsumers = statement(`SELECT one.consumer, present."offset"::text AS version, NULL AS entry
  FROM unnest($1::text[]) one(consumer) JOIN consumer_offset present ON present.consumer = one.consumer::jsonb ->> 0
    AND present.tag = one.consumer::jsonb ->> 1 AND present.partition = (one.consumer::jsonb ->> 2)::integer`)
/** When that was, in milliseconds; no row where it never was. */
export const advancedAt = `SELECT (extract(epoch FROM updated_at) * 1000)::bigint::text AS at FROM consumer_offset
  WHERE consumer = $1 AND tag = $2 AND partition = $3`
export const consumerParameters = ({ name, tag }: ConsumerId.ConsumerId): ReadonlyArray<unknown> => [
  name,
  tag.name,
  tag.partition
]
