/**
 * The table of timers, and the functions that change it. Times are the server's, read when they are used.
 *
 * A timer is pending while `fired_at` is null, then taken, then handed over. The one index holds what is not handed over:
 * who looks for the first timers of a slot reads its first entries, however many wait behind them.
 */
import type { ProcessContext } from "@aecor/core"
import { Timers } from "@aecor/projection"
import { channel } from "./channel.js"
import type { Rights } from "./grants.js"

export const table = `
CREATE TABLE durable_timer (
  name text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  due timestamptz NOT NULL,
  payload jsonb NOT NULL,
  metadata jsonb NOT NULL,
  fired_at timestamptz,
  handed_over boolean NOT NULL DEFAULT false,
  PRIMARY KEY (name, id)
);
CREATE INDEX durable_timer_open ON durable_timer (name, slot, due, id) WHERE NOT handed_over;
`

/**
 * Makes a timer, or changes one that is pending; the answer is what came of it. A row that is in the way is locked to the
 * end of the transaction, also where it is left as it is: so what is said of it then holds. `xmax` is 0 in a row that was
 * inserted. Processes hear of a timer only where it is due sooner than they look anyway.
 */
const schedule = `
CREATE FUNCTION aecor_schedule_timer(timer jsonb, the_slot integer, horizon double precision) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  the_due CONSTANT timestamptz := to_timestamp((timer->>'due')::double precision / 1000.0);
  fresh boolean;
BEGIN
  INSERT INTO durable_timer AS stored (name, id, slot, due, payload, metadata)
    VALUES (timer->>'name', timer->>'id', the_slot, the_due, timer->'payload', timer->'metadata')
    ON CONFLICT (name, id) DO UPDATE
      SET due = excluded.due, payload = excluded.payload, metadata = excluded.metadata
      WHERE stored.fired_at IS NULL AND (stored.due, stored.payload) IS DISTINCT FROM (excluded.due, excluded.payload)
    RETURNING xmax = 0 INTO fresh;
  IF NOT FOUND THEN
    RETURN (
      SELECT CASE WHEN fired_at IS NULL THEN 'Unchanged' ELSE 'AlreadyFired' END
      FROM durable_timer WHERE name = timer->>'name' AND id = timer->>'id'
    );
  END IF;
  IF the_due < clock_timestamp() + horizon * interval '1 millisecond' THEN
    PERFORM pg_notify('${channel}', 'durable_timer'::regclass::oid::text || ' soon');
  END IF;
  RETURN CASE WHEN fresh THEN 'Scheduled' ELSE 'Rescheduled' END;
END $$;
`

/** Takes a pending timer back. It waits for whoever takes it, and looks again. `cancelAgain` is in its place now. */
const cancel = `
CREATE FUNCTION aecor_cancel_timer(the_name text, the_id text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM durable_timer WHERE name = the_name AND id = the_id AND fired_at IS NULL;
  IF FOUND THEN RETURN 'Cancelled'; END IF;
  RETURN CASE WHEN EXISTS (SELECT FROM durable_timer WHERE name = the_name AND id = the_id)
    THEN 'AlreadyFired' ELSE 'NotFound' END;
END $$;
`

/**
 * Takes the first timers that are due, under the fence. The rows are locked after they were found, and looked at again; it
 * waits for nobody who has locked one, for the others would wait as well.
 */
const take = `
CREATE FUNCTION aecor_take_timers(
  the_deployment text, the_index integer, the_epoch bigint, the_token text, the_name text, the_slots integer[],
  most integer
) RETURNS SETOF durable_timer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  now_read CONSTANT timestamptz := clock_timestamp();
BEGIN
  PERFORM aecor_guard(the_deployment, the_index, the_epoch, the_token);
  RETURN QUERY
    WITH found AS (
      SELECT one.id FROM unnest(the_slots) of_share(slot) CROSS JOIN LATERAL (
        SELECT stored.id, stored.due FROM durable_timer stored
        WHERE stored.name = the_name AND stored.slot = of_share.slot AND NOT stored.handed_over
          AND stored.due <= now_read
        ORDER BY stored.due, stored.id LIMIT most
      ) one
      ORDER BY one.due, one.id LIMIT most
    ), locked AS (
      SELECT stored.id FROM found JOIN durable_timer stored ON stored.name = the_name AND stored.id = found.id
      WHERE NOT stored.handed_over AND stored.due <= now_read
      FOR NO KEY UPDATE OF stored SKIP LOCKED
    ), taken AS (
      UPDATE durable_timer stored SET fired_at = coalesce(stored.fired_at, clock_timestamp())
      FROM locked WHERE stored.name = the_name AND stored.id = locked.id
      RETURNING stored.*
    )
    SELECT * FROM taken ORDER BY taken.due, taken.id;
END $$;
`

const handOver = `
CREATE FUNCTION aecor_hand_over_timers(
  the_deployment text, the_index integer, the_epoch bigint, the_token text, the_name text, the_ids text[]
) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM aecor_guard(the_deployment, the_index, the_epoch, the_token);
  UPDATE durable_timer SET handed_over = true
    WHERE name = the_name AND id = ANY (the_ids) AND fired_at IS NOT NULL AND NOT handed_over;
END $$;
`

/**
 * As `cancel`; and a timer that was taken back and made anew, while it waited for who did that, is taken back as well: the
 * one that it waited for is gone, and the new one is not what it has seen.
 */
export const cancelAgain = `
CREATE OR REPLACE FUNCTION aecor_cancel_timer(the_name text, the_id text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  fired boolean;
BEGIN
  LOOP
    DELETE FROM durable_timer WHERE name = the_name AND id = the_id AND fired_at IS NULL;
    IF FOUND THEN RETURN 'Cancelled'; END IF;
    SELECT fired_at IS NOT NULL INTO fired FROM durable_timer WHERE name = the_name AND id = the_id;
    IF NOT FOUND THEN RETURN 'NotFound'; END IF;
    IF fired THEN RETURN 'AlreadyFired'; END IF;
  END LOOP;
END $$;
`

export const functions: string = [schedule, cancel, take, handOver].join("")

/** What a node needs: the functions run with their caller's rights. */
export const rights: Rights = [
  ["SELECT, INSERT, UPDATE, DELETE", "durable_timer"],
  ["EXECUTE", "FUNCTION aecor_schedule_timer, aecor_cancel_timer, aecor_take_timers, aecor_hand_over_timers"]
]

/** The identity of the table in notifications; null where there is none. */
export const identity = "SELECT to_regclass('durable_timer')::oid::text AS identity"

export const scheduleCall = "SELECT aecor_schedule_timer($1::jsonb, $2::integer, $3::double precision) AS answer"
export const cancelCall = "SELECT aecor_cancel_timer($1, $2) AS answer"
export const count =
  "SELECT count(*)::text AS answer FROM durable_timer WHERE name = $1 AND NOT handed_over AND fired_at IS NULL"

/** In how many milliseconds the first timer of slots is due: the first entry of each in the index; no row without any. */
export const untilDue = `
SELECT greatest(0, ceil(extract(epoch FROM min(first.due) - clock_timestamp()) * 1000))::bigint::text AS answer
FROM unnest($2::integer[]) of_share(slot) CROSS JOIN LATERAL (
  SELECT stored.due FROM durable_timer stored
  WHERE stored.name = $1 AND stored.slot = of_share.slot AND NOT stored.handed_over
  ORDER BY stored.due LIMIT 1
) first
HAVING count(*) > 0`

/** A timer as it is read, whatever the client parses. */
export interface Row {
  readonly name: string
  readonly id: string
  readonly due: string
  readonly payload: string
  readonly metadata: string
}

const columns = (of: string) =>
  `${of}.name, ${of}.id, (extract(epoch FROM ${of}.due) * 1000)::bigint::text AS due, ${of}.payload::text AS payload,
  ${of}.metadata::text AS metadata`

/** A page of those that are pending: the first of each slot, merged. The place that it comes after is null at first. */
export const pending = `
SELECT ${columns("one")} FROM generate_series(0, ${Timers.slots - 1}) slots(slot) CROSS JOIN LATERAL (
  SELECT stored.* FROM durable_timer stored
  WHERE stored.name = $1 AND stored.slot = slots.slot AND NOT stored.handed_over AND stored.fired_at IS NULL
    AND (stored.due, stored.id) > (coalesce(to_timestamp($2::double precision / 1000.0), '-infinity'), $3)
  ORDER BY stored.due, stored.id LIMIT $4::bigint
) one
ORDER BY one.due, one.id LIMIT $4::bigint`

export const takeCall = `SELECT ${columns("taken")}
FROM aecor_take_timers($1, $2::integer, $3::bigint, $4, $5, $6::integer[], least($7::bigint, 2147483647)::integer) taken
ORDER BY taken.due, taken.id`
export const handOverCall = "SELECT aecor_hand_over_timers($1, $2::integer, $3::bigint, $4, $5, $6::text[])"
export const fenceParameters = ({ deployment, epoch, index, token }: ProcessContext.Fence): ReadonlyArray<unknown> => [
  deployment,
  index,
  epoch,
  token
]
