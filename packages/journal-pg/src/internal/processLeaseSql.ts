/**
 * The tables and functions of the process leases. What touches one table is a statement in `PgProcessLease`; what
 * changes the lease and its fence together is a function here, so that each operation is one call.
 *
 * Two rules hold everywhere. Times are the server's, read when they are used: `clock_timestamp()`. Locks are taken in
 * one order, the fence before the lease, so that a beat, which takes the lease alone, never waits for a fence.
 */
import type { Rights } from "./grants.js"

/**
 * `process_fence` is apart from `process_lease` because writers hold its row in share mode for as long as their
 * transactions last: beats, once a second, must not stand behind them.
 */
export const tables = `
CREATE TABLE deployment (
  name text PRIMARY KEY,
  processes integer NOT NULL
);

CREATE TABLE process_lease (
  deployment text NOT NULL,
  index integer NOT NULL,
  desired boolean NOT NULL DEFAULT true,
  generation bigint NOT NULL DEFAULT 0,
  target text,
  epoch bigint NOT NULL DEFAULT 0,
  runner text,
  state text,
  starts integer NOT NULL DEFAULT 0,
  last_error text,
  heartbeat_at timestamptz,
  sent_at timestamptz,
  PRIMARY KEY (deployment, index)
) WITH (fillfactor = 50);

CREATE TABLE process_fence (
  deployment text NOT NULL,
  index integer NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  token text NOT NULL,
  PRIMARY KEY (deployment, index)
) WITH (fillfactor = 50);

CREATE TABLE runner_beat (
  runner text PRIMARY KEY,
  deployments text[] NOT NULL,
  beat_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE deployment_coordinator (
  deployment text PRIMARY KEY,
  runner text NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50);
`

/** Milliseconds since a moment. One that lies further ahead than a clock may step back is infinitely long ago. */
const age = `
CREATE FUNCTION aecor_age(moment timestamptz) RETURNS double precision
LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN moment > clock_timestamp() + interval '3 seconds' THEN double precision 'Infinity'
         ELSE (extract(epoch FROM clock_timestamp() - moment) * 1000)::double precision END
$$;
`

/** Makes the processes of a new deployment known; the answer is how many processes the deployment has. */
const register = `
CREATE FUNCTION aecor_register(the_deployment text, the_processes integer) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  registered integer;
BEGIN
  INSERT INTO deployment (name, processes) VALUES (the_deployment, the_processes) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT processes INTO STRICT registered FROM deployment WHERE name = the_deployment;
    RETURN registered;
  END IF;
  INSERT INTO process_lease (deployment, index) SELECT the_deployment, generate_series(0, the_processes - 1);
  INSERT INTO process_fence (deployment, index, token)
    SELECT the_deployment, generate_series(0, the_processes - 1), gen_random_uuid()::text;
  RETURN the_processes;
END $$;
`

/** Why a claim cannot hold, or null. */
const refusal = `
CREATE FUNCTION aecor_refusal(lease process_lease, the_generation bigint, the_runner text, silence double precision)
RETURNS text
LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN lease.generation IS DISTINCT FROM the_generation OR NOT lease.desired THEN 'Obsolete'
    WHEN lease.runner <> the_runner AND aecor_age(lease.heartbeat_at) <= silence THEN 'Busy'
  END
$$;
`

/** Takes the fence for a new epoch, or answers false after that many milliseconds behind a writer's share lock. */
const lockFence = `
CREATE FUNCTION aecor_lock_fence(the_deployment text, the_index integer, patience integer) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM set_config('lock_timeout', patience::text, true);
  PERFORM 1 FROM process_fence WHERE deployment = the_deployment AND index = the_index FOR NO KEY UPDATE;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;
`

/** A new epoch with a new token for a runner or nobody, where the fence is locked already. */
const newEpoch = `
CREATE FUNCTION aecor_new_epoch(
  the_deployment text, the_index integer, the_runner text, OUT new_epoch bigint, OUT new_token text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE process_lease SET epoch = epoch + 1, runner = the_runner
    WHERE deployment = the_deployment AND index = the_index RETURNING epoch INTO new_epoch;
  UPDATE process_fence SET epoch = new_epoch, token = gen_random_uuid()::text
    WHERE deployment = the_deployment AND index = the_index RETURNING token INTO new_token;
END $$;
`

export const claimParameters = `
  the_deployment text, the_index integer, the_generation bigint, the_runner text, silence double precision,
  patience integer, OUT answer text, OUT new_epoch bigint, OUT new_token text
`

/** Looks before it waits: only a claim that would hold may wait for the fence, and so have its holders ended. */
export const claimBody = `
DECLARE
  lease process_lease;
BEGIN
  SELECT * INTO lease FROM process_lease WHERE deployment = the_deployment AND index = the_index;
  answer := aecor_refusal(lease, the_generation, the_runner, silence);
  IF answer IS NOT NULL THEN RETURN; END IF;
  IF NOT aecor_lock_fence(the_deployment, the_index, patience) THEN
    answer := 'Locked';
    RETURN;
  END IF;
  SELECT * INTO lease FROM process_lease WHERE deployment = the_deployment AND index = the_index FOR NO KEY UPDATE;
  answer := aecor_refusal(lease, the_generation, the_runner, silence);
  IF answer IS NOT NULL THEN RETURN; END IF;
  answer := 'Claimed';
  SELECT * INTO new_epoch, new_token FROM aecor_new_epoch(the_deployment, the_index, the_runner);
  UPDATE process_lease SET heartbeat_at = clock_timestamp() WHERE deployment = the_deployment AND index = the_index;
END `

const claim = `
CREATE FUNCTION aecor_claim(${claimParameters})
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$${claimBody}$$;
`

const revoke = `
CREATE FUNCTION aecor_revoke(the_deployment text, the_index integer, patience integer, OUT answer text)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT aecor_lock_fence(the_deployment, the_index, patience) THEN
    answer := 'Locked';
    RETURN;
  END IF;
  PERFORM aecor_new_epoch(the_deployment, the_index, NULL);
  answer := 'Revoked';
END $$;
`

/**
 * Ends the backends whose transactions keep a waiting one from a row of `process_fence`, and counts them. It ends
 * nobody while that one does not wait, waits for another table, or stands in line behind another claim.
 */
const freeFence = `
CREATE FUNCTION aecor_free_fence(waiting integer) RETURNS integer
LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
  SELECT count(pg_terminate_backend(holder.pid))::integer
  FROM pg_locks wanted
  JOIN pg_locks held ON held.locktype = 'transactionid' AND held.granted AND held.transactionid = wanted.transactionid
  JOIN pg_stat_activity holder ON holder.pid = held.pid AND holder.datname = current_database()
  WHERE wanted.pid = waiting AND NOT wanted.granted AND wanted.locktype = 'transactionid'
    AND EXISTS (
      SELECT FROM pg_locks line
      WHERE line.pid = waiting AND line.granted AND line.locktype = 'tuple' AND line.relation = 'process_fence'::regclass
    )
$$;
`

/**
 * Refuses a transaction, with SQLSTATE AE001, unless the fence is the newest; from then on no newer one can be made
 * before the transaction ends. One that then idles for 2 s is ended, unless the session has a limit of its own.
 */
const guard = `
CREATE FUNCTION aecor_guard(the_deployment text, the_index integer, the_epoch bigint, the_token text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM 1 FROM process_fence
    WHERE deployment = the_deployment AND index = the_index AND epoch = the_epoch AND token = the_token FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'process % of %: epoch % is no longer the newest', the_index, the_deployment, the_epoch
      USING ERRCODE = 'AE001';
  END IF;
  IF current_setting('idle_in_transaction_session_timeout') = '0' THEN
    PERFORM set_config('idle_in_transaction_session_timeout', '2s', true);
  END IF;
END $$;
`

export const functions: string = [age, register, refusal, lockFence, newEpoch, claim, revoke, freeFence, guard].join("")

/**
 * What an operator sees and wishes: since when a wish and a state are what they are, the runner that a process is pinned
 * to, and the runners' weights. Older nodes know nothing of it and need not: their statements go on working, only that
 * they tell no times.
 */
export const steering = `
ALTER TABLE process_lease
  ADD COLUMN desired_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN state_at timestamptz,
  ADD COLUMN pinned text;

ALTER TABLE runner_beat ADD COLUMN weight integer NOT NULL DEFAULT 1;

CREATE OR REPLACE FUNCTION aecor_new_epoch(
  the_deployment text, the_index integer, the_runner text, OUT new_epoch bigint, OUT new_token text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE process_lease SET epoch = epoch + 1, runner = the_runner, state_at = clock_timestamp(),
    state = CASE WHEN the_runner IS NULL THEN state ELSE 'Running' END
    WHERE deployment = the_deployment AND index = the_index RETURNING epoch INTO new_epoch;
  UPDATE process_fence SET epoch = new_epoch, token = gen_random_uuid()::text
    WHERE deployment = the_deployment AND index = the_index RETURNING token INTO new_token;
END $$;
`

/** What a runner needs: the functions run with their caller's rights. */
export const rights: Rights = [
  ["SELECT, INSERT, UPDATE", "deployment, process_fence"],
  ["SELECT, INSERT, UPDATE, DELETE", "process_lease, runner_beat, deployment_coordinator"],
  [
    "EXECUTE",
    `FUNCTION aecor_age, aecor_register, aecor_refusal, aecor_lock_fence, aecor_new_epoch, aecor_claim, aecor_revoke,
    aecor_free_fence, aecor_guard, aecor_register_shaped, aecor_fits, aecor_claim_any, aecor_claim_shaped, aecor_seize,
    aecor_reshape, aecor_suspend, aecor_seize_all, aecor_reshape_held`
  ]
]
