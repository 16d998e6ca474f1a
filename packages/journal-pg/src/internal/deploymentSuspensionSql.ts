/**
 * Suspensions of deployments: from `aecor_suspend` until `aecor_reshape` no process of the deployment is desired. Whoever
 * wishes one running meanwhile, by whatever statement, has it marked `suspended` instead, and it is desired when the
 * suspension is over. That is a trigger, so that it holds for nodes of before as well.
 *
 * A suspension is that of the fence which was seized under it. When that is revoked, who suspended the deployment can
 * write no more, and what is wished is so at once.
 *
 * The row of the deployment is locked before its fences, and these before its leases.
 */
const columns = `
ALTER TABLE deployment ADD COLUMN suspended boolean NOT NULL DEFAULT false, ADD COLUMN seized_epoch bigint;

UPDATE deployment SET suspended = true
  WHERE EXISTS (SELECT FROM process_lease WHERE deployment = deployment.name AND suspended AND NOT desired);
`

/** Reads the deployment when the lease is locked already: a suspension that comes later finds what was wished. */
const hold = `
CREATE FUNCTION aecor_hold() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.suspended := EXISTS (
    SELECT FROM deployment WHERE name = NEW.deployment AND suspended AND (seized_epoch IS NULL OR seized_epoch = (
      SELECT epoch FROM process_fence WHERE process_fence.deployment = NEW.deployment AND index = 0
    ))
  );
  NEW.desired := NOT NEW.suspended;
  IF NEW.suspended THEN NEW.desired_at := OLD.desired_at; END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER aecor_hold BEFORE UPDATE OF desired ON process_lease
  FOR EACH ROW WHEN (NEW.desired AND NOT OLD.desired) EXECUTE FUNCTION aecor_hold();
`

const suspend = `
CREATE FUNCTION aecor_suspend(the_deployment text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE deployment SET suspended = true, seized_epoch = NULL WHERE name = the_deployment;
  PERFORM 1 FROM process_lease WHERE deployment = the_deployment ORDER BY index FOR NO KEY UPDATE;
  UPDATE process_lease SET desired = false, suspended = true, desired_at = clock_timestamp()
    WHERE deployment = the_deployment AND desired;
END $$;
`

const seize = `
ALTER FUNCTION aecor_seize(text, integer) RENAME TO aecor_seize_all;

CREATE FUNCTION aecor_seize(
  the_deployment text, patience integer, OUT answer text, OUT new_epoch bigint, OUT new_token text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM 1 FROM deployment WHERE name = the_deployment FOR NO KEY UPDATE;
  SELECT * INTO answer, new_epoch, new_token FROM aecor_seize_all(the_deployment, patience);
  IF answer = 'Seized' THEN
    UPDATE deployment SET seized_epoch = new_epoch WHERE name = the_deployment AND suspended;
  END IF;
END $$;
`

/** The suspension is over first, or the leases could not become desired. A reshape from another shape changes nothing. */
const reshape = `
ALTER FUNCTION aecor_reshape(text, bigint, text, integer, text, integer, text) RENAME TO aecor_reshape_held;

CREATE FUNCTION aecor_reshape(
  the_deployment text, the_epoch bigint, the_token text, from_processes integer, from_fingerprint text,
  to_processes integer, to_fingerprint text, OUT registered integer, OUT registered_fingerprint text
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE deployment SET suspended = false, seized_epoch = NULL
    WHERE name = the_deployment AND (processes, fingerprint) = (from_processes, from_fingerprint);
  SELECT * INTO registered, registered_fingerprint FROM aecor_reshape_held(
    the_deployment, the_epoch, the_token, from_processes, from_fingerprint, to_processes, to_fingerprint);
END $$;
`

export const suspensions: string = [columns, hold, suspend, seize, reshape].join("")
