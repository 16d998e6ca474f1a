/**
 * The shapes of deployments: columns and functions beside those of `processLeaseSql`, and the rules by which nodes that
 * know of no shapes work on. Such a node means the shape that was registered first; where another one is, it is given
 * nothing.
 *
 * A fence outlives its process: when the process comes again it goes on from there, so that no epoch and no generation
 * is ever given twice.
 */
import { claimBody, claimParameters } from "./processLeaseSql.js"

const columns = `
ALTER TABLE deployment ADD COLUMN fingerprint text NOT NULL DEFAULT '', ADD COLUMN changed boolean NOT NULL DEFAULT false;
ALTER TABLE process_lease ADD COLUMN suspended boolean NOT NULL DEFAULT false;
ALTER TABLE process_fence ADD COLUMN generation bigint NOT NULL DEFAULT 0;
ALTER TABLE runner_beat ADD COLUMN processes integer[], ADD COLUMN fingerprints text[];
`

const register = `
CREATE FUNCTION aecor_register_shaped(
  the_deployment text, the_processes integer, the_fingerprint text, OUT registered integer, OUT registered_fingerprint text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO deployment (name, processes, fingerprint) VALUES (the_deployment, the_processes, the_fingerprint)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN
    INSERT INTO process_lease (deployment, index) SELECT the_deployment, generate_series(0, the_processes - 1);
    INSERT INTO process_fence (deployment, index, token)
      SELECT the_deployment, generate_series(0, the_processes - 1), gen_random_uuid()::text;
  END IF;
  SELECT processes, fingerprint INTO STRICT registered, registered_fingerprint FROM deployment WHERE name = the_deployment;
END $$;
`

/** Whether a shape is the registered one; null as the number of processes is that of a node that knows of no shapes. */
const fits = `
CREATE FUNCTION aecor_fits(the_deployment text, the_processes integer, the_fingerprint text) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT NOT EXISTS (
    SELECT FROM deployment known WHERE known.name = the_deployment AND CASE
      WHEN the_processes IS NULL THEN known.changed
      ELSE (known.processes, known.fingerprint) <> (the_processes, coalesce(the_fingerprint, ''))
    END
  )
$$;
`

/**
 * A claim of a generation that a reshape has begun sees the shape of it as well: both were committed together. So the
 * shape need not be looked at under the lease's lock.
 */
const claims = `
CREATE FUNCTION aecor_claim_any(${claimParameters})
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$${claimBody}$$;

CREATE OR REPLACE FUNCTION aecor_claim(${claimParameters})
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  SELECT * INTO answer, new_epoch, new_token FROM aecor_claim_shaped(
    the_deployment, the_index, the_generation, the_runner, silence, patience, NULL, NULL);
END $$;

CREATE FUNCTION aecor_claim_shaped(
  the_deployment text, the_index integer, the_generation bigint, the_runner text, silence double precision,
  patience integer, the_processes integer, the_fingerprint text, OUT answer text, OUT new_epoch bigint,
  OUT new_token text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  answer := 'Obsolete';
  IF aecor_fits(the_deployment, the_processes, the_fingerprint) THEN
    SELECT * INTO answer, new_epoch, new_token FROM aecor_claim_any(
      the_deployment, the_index, the_generation, the_runner, silence, patience);
  END IF;
END $$;
`

const seize = `
CREATE FUNCTION aecor_seize(
  the_deployment text, patience integer, OUT answer text, OUT new_epoch bigint, OUT new_token text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  the_index integer;
BEGIN
  answer := 'Unknown';
  FOR the_index IN SELECT index FROM process_lease WHERE deployment = the_deployment ORDER BY index LOOP
    IF NOT aecor_lock_fence(the_deployment, the_index, patience) THEN
      answer := 'Locked';
      RETURN;
    END IF;
    PERFORM aecor_new_epoch(the_deployment, the_index, NULL);
    answer := 'Seized';
  END LOOP;
  SELECT epoch, token INTO new_epoch, new_token FROM process_fence WHERE deployment = the_deployment AND index = 0;
END $$;
`

/** Fences come before leases, in the order of the indexes, as everywhere. */
const reshape = `
CREATE FUNCTION aecor_reshape(
  the_deployment text, the_epoch bigint, the_token text, from_processes integer, from_fingerprint text,
  to_processes integer, to_fingerprint text, OUT registered integer, OUT registered_fingerprint text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  was_desired boolean;
BEGIN
  PERFORM 1 FROM process_fence
    WHERE deployment = the_deployment AND index = 0 AND epoch = the_epoch AND token = the_token FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'deployment %: epoch % is no longer the newest', the_deployment, the_epoch USING ERRCODE = 'AE001';
  END IF;
  SELECT processes, fingerprint INTO STRICT registered, registered_fingerprint
    FROM deployment WHERE name = the_deployment FOR UPDATE;
  IF (registered, registered_fingerprint) <> (from_processes, from_fingerprint) THEN RETURN; END IF;

  PERFORM 1 FROM process_fence WHERE deployment = the_deployment ORDER BY index FOR NO KEY UPDATE;
  PERFORM 1 FROM process_lease WHERE deployment = the_deployment ORDER BY index FOR NO KEY UPDATE;
  SELECT coalesce(bool_or(desired OR suspended), true) INTO was_desired
    FROM process_lease WHERE deployment = the_deployment;
  INSERT INTO process_fence (deployment, index, token)
    SELECT the_deployment, generate_series(0, to_processes - 1), '' ON CONFLICT DO NOTHING;
  UPDATE process_fence fence SET epoch = fence.epoch + 1, token = gen_random_uuid()::text,
      generation = greatest(fence.generation, (
        SELECT lease.generation FROM process_lease lease
        WHERE lease.deployment = the_deployment AND lease.index = fence.index
      )) + 1
    WHERE fence.deployment = the_deployment;
  DELETE FROM process_lease WHERE deployment = the_deployment AND index >= to_processes;
  INSERT INTO process_lease AS lease (deployment, index, desired, epoch, generation)
    SELECT the_deployment, fence.index, was_desired, fence.epoch, fence.generation
    FROM process_fence fence WHERE fence.deployment = the_deployment AND fence.index < to_processes
    ON CONFLICT (deployment, index) DO UPDATE SET
      desired = lease.desired OR lease.suspended, suspended = false, epoch = excluded.epoch,
      generation = excluded.generation, target = NULL, runner = NULL, state = NULL, starts = 0, last_error = NULL,
      heartbeat_at = NULL, sent_at = NULL, state_at = NULL,
      desired_at = CASE WHEN lease.desired = (lease.desired OR lease.suspended) THEN lease.desired_at
        ELSE clock_timestamp() END;
  UPDATE deployment SET processes = to_processes, fingerprint = to_fingerprint,
      changed = changed OR (from_processes, from_fingerprint) <> (to_processes, to_fingerprint)
    WHERE name = the_deployment;
END $$;
`

export const shapes: string = [columns, register, fits, claims, seize, reshape].join("")
