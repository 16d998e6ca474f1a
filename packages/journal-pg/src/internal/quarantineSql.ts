/** The table of what consumers have set aside, beside that of their offsets, and the functions that change it. */
import { ConsumerId, type Quarantine, Tagging } from "@aecor/core"
import { Option } from "effect"
import type { Rights } from "./grants.js"
import { notExpected } from "./offsetSql.js"
import { fromStorable, toStorable } from "./storableText.js"

/** `view` names the table of the view that a consumer keeps, with its schema; it is empty for one that keeps none. */
export const table = `
CREATE TABLE consumer_quarantine (
  consumer text NOT NULL,
  tag text NOT NULL,
  partition integer NOT NULL,
  key text NOT NULL,
  view text NOT NULL,
  event_type text NOT NULL,
  sequence bigint NOT NULL,
  position bigint NOT NULL,
  cause text NOT NULL,
  since timestamptz NOT NULL,
  attempts integer NOT NULL,
  last_seq bigint NOT NULL,
  PRIMARY KEY (consumer, tag, partition, key)
);
CREATE INDEX consumer_quarantine_view ON consumer_quarantine (view, key);
`

/** Moves an offset and changes the quarantine with it, or raises what the moving raises. */
export const commit = `
CREATE FUNCTION aecor_commit_passing(
  the_deployment text, the_index integer, the_epoch bigint, the_token text,
  the_consumer text, the_tag text, the_partition integer, expected bigint, next bigint,
  the_view text, entered jsonb, passed jsonb
) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  noted integer;
BEGIN
  PERFORM aecor_commit_offset(
    the_deployment, the_index, the_epoch, the_token, the_consumer, the_tag, the_partition, expected, next
  );
  INSERT INTO consumer_quarantine AS present (
      consumer, tag, partition, key, view, event_type, sequence, position, cause, since, attempts, last_seq
    )
    SELECT the_consumer, the_tag, the_partition, entry.key, the_view, entry.event_type, entry.sequence, entry.position,
      entry.cause, to_timestamp(entry.since / 1000.0), entry.attempts, entry.last_seq
    FROM jsonb_to_recordset(entered) entry(
      key text, event_type text, sequence bigint, position bigint, cause text, since bigint, attempts integer,
      last_seq bigint
    )
    ON CONFLICT (consumer, tag, partition, key) DO UPDATE SET
      view = excluded.view, event_type = excluded.event_type, sequence = excluded.sequence,
      position = excluded.position, cause = excluded.cause, since = excluded.since, attempts = excluded.attempts,
      last_seq = excluded.last_seq;
  UPDATE consumer_quarantine present SET last_seq = greatest(last_seq, one.value::bigint)
    FROM jsonb_each_text(passed) one
    WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition AND present.key = one.key;
  GET DIAGNOSTICS noted = ROW_COUNT;
  IF noted < (SELECT count(*) FROM jsonb_object_keys(passed)) THEN
    RAISE EXCEPTION '% of %/% passes over a key that is not in the quarantine', the_consumer, the_tag, the_partition
      USING ERRCODE = '${notExpected}', DETAIL = expected;
  END IF;
  RETURN true;
END $$;
`

/** Stores what came of trying a key again; the answer is the outcome. The key is locked to the end of the transaction. */
export const settle = `
CREATE FUNCTION aecor_settle(
  the_consumer text, the_tag text, the_partition integer, the_key text, seen_attempts integer, seen_sequence bigint,
  reached bigint, failure jsonb
) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  entry consumer_quarantine;
  further boolean;
BEGIN
  SELECT * INTO entry FROM consumer_quarantine
    WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition AND key = the_key FOR UPDATE;
  IF NOT FOUND OR entry.attempts <> seen_attempts OR entry.sequence <> seen_sequence THEN RETURN 'Gone'; END IF;
  IF failure IS NOT NULL THEN
    further := (failure->>'sequence')::bigint > entry.sequence;
    UPDATE consumer_quarantine SET attempts = entry.attempts + 1, cause = failure->>'cause',
        event_type = CASE WHEN further THEN failure->>'event_type' ELSE entry.event_type END,
        sequence = CASE WHEN further THEN (failure->>'sequence')::bigint ELSE entry.sequence END,
        position = CASE WHEN further THEN (failure->>'position')::bigint ELSE entry.position END
      WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition AND key = the_key;
    RETURN 'Failed';
  END IF;
  IF entry.last_seq > reached THEN RETURN 'Behind'; END IF;
  DELETE FROM consumer_quarantine
    WHERE consumer = the_consumer AND tag = the_tag AND partition = the_partition AND key = the_key;
  RETURN 'Ended';
END $$;
`

/** What the functions need, which run with their caller's rights. */
export const rights: Rights = [
  ["SELECT, INSERT, UPDATE, DELETE", "consumer_quarantine"],
  ["EXECUTE", "FUNCTION aecor_commit_passing"],
  ["EXECUTE", "FUNCTION aecor_settle"]
]

/** A commit with changes to the quarantine: its first nine parameters are those of one without. */
export const commitCall = (view: number, entered: number, passed: number): string =>
  `aecor_commit_passing($1, $2::integer, $3::bigint, $4, $5, $6, $7::integer, $8::bigint, $9::bigint,
    $${view}, $${entered}::jsonb, $${passed}::jsonb)`
export const changes = ({ entered, passed }: Quarantine.Changes): ReadonlyArray<unknown> => [
  JSON.stringify(entered.map(toStored)),
  JSON.stringify(Object.fromEntries(passed))
]

/** The call that settles an attempt: the first eight parameters of a statement. */
export const settleCall = "aecor_settle($1, $2, $3::integer, $4, $5::integer, $6::bigint, $7::bigint, $8::jsonb)"
export const settleParameters = ({ entry, failure, reached }: Quarantine.Attempt): ReadonlyArray<unknown> => [
  entry.consumer.name,
  entry.consumer.tag.name,
  entry.consumer.tag.partition,
  entry.key,
  entry.attempts,
  entry.sequence,
  reached,
  Option.match(failure, { onNone: () => null, onSome: (failed) => JSON.stringify(placeOf(failed)) })
]

export interface Settled {
  readonly outcome: Quarantine.Outcome
}

/** What `fromRow` reads; 64-bit numbers come as text, whatever the client parses. */
const columns = `consumer, tag, partition, key, event_type, sequence::text, position::text, cause,
  (extract(epoch FROM since) * 1000)::bigint::text AS since, attempts, last_seq::text`

export interface Row {
  readonly consumer: string
  readonly tag: string
  readonly partition: number
  readonly key: string
  readonly event_type: string
  readonly sequence: string
  readonly position: string
  readonly cause: string
  readonly since: string
  readonly attempts: number
  readonly last_seq: string
}

/** What the consumers of the name in the first parameter have set aside, the oldest first. */
export const ofConsumer = `SELECT ${columns} FROM consumer_quarantine stored WHERE consumer = $1
  ORDER BY stored.since, stored.position`

/** What the consumers that keep a view have set aside of some keys, each as one JSON of a `Row`. */
export const ofKeys = (view: string, keys: string): string => `SELECT stored.key, to_jsonb(stored)::text AS entry
  FROM (SELECT ${columns} FROM consumer_quarantine WHERE view = ${view} AND key = ANY (${keys})) stored`

export const fromRow = (row: Row): Quarantine.Entry => ({
  consumer: ConsumerId.make(row.consumer, new Tagging.EventTag({ name: row.tag, partition: row.partition })),
  key: row.key,
  eventType: row.event_type,
  sequence: Number(row.sequence),
  position: Number(row.position),
  cause: fromStorable(row.cause),
  since: Number(row.since),
  attempts: row.attempts,
  last: Number(row.last_seq)
})

const placeOf = ({ cause, eventType, position, sequence }: Quarantine.Failure) => ({
  event_type: eventType,
  sequence,
  position,
  cause: toStorable(cause)
})

const toStored = (entry: Quarantine.Entry) => ({
  ...placeOf(entry),
  key: entry.key,
  since: entry.since,
  attempts: entry.attempts,
  last_seq: entry.last
})
