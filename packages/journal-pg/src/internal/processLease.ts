/** The operations of the process leases as statements. Their tables and functions are in `processLeaseSql`. */
import { Lease, ProcessContext } from "@aecor/core"
import type { Statement } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Option } from "effect"
import * as Shapes from "./deploymentShapes.js"
import { operation, untraced } from "./leaseOperation.js"
import * as Fence from "./processLeaseFence.js"
import { type ClaimRow, columns, fenceOf, fromRow, type Row } from "./processLeaseRows.js"

/** `beats` is the client of what must not be late: a node's beats and its sign of life. */
export const make = (client: PgClient.PgClient, beats: PgClient.PgClient): Lease.Operations => {
  const sql = client.withoutTransforms()
  const urgent = beats.withoutTransforms()
  const selected = sql.literal(columns)

  const register: Lease.Operations["register"] = Effect.fn("PgProcessLease.register")(function* (
    deployment,
    processes,
    fingerprint = ""
  ) {
    const row = yield* sql<Shapes.Registered>`
      SELECT * FROM aecor_register_shaped(${deployment}, ${processes}, ${fingerprint})`.pipe(
      Effect.map(firstOf),
      operation("register")
    )
    yield* Shapes.expected(deployment, { processes, fingerprint }, row)
  })

  const list: Lease.Operations["list"] = (deployment) =>
    sql<Row>`SELECT ${selected} FROM process_lease WHERE deployment = ${deployment} ORDER BY index`.pipe(
      Effect.map((rows) => rows.map(fromRow(deployment))),
      operation("list"),
      untraced
    )

  const claim: Lease.Operations["claim"] = Effect.fn("PgProcessLease.claim")(function* (process, runner, silence) {
    const { deployment, generation, index, shape } = process
    const row = yield* Fence.newEpoch(sql, (patience) =>
      Effect.map(
        sql<ClaimRow>`SELECT * FROM aecor_claim_shaped(
          ${deployment}, ${index}, ${generation}, ${runner}, ${Duration.toMillis(silence)}, ${patience},
          ${shape?.processes ?? null}, ${shape?.fingerprint ?? null})`,
        firstOf
      )
    ).pipe(operation("claim"))
    switch (row.answer) {
      case "Claimed":
        return { _tag: "Claimed", fence: fenceOf(process, runner, row) }
      case "Locked":
        return yield* fenceHeld(process)
      default:
        return { _tag: row.answer }
    }
  })

  /**
   * One statement for all beats. It locks the rows in the order of their keys, as `stop` and `resume` do: otherwise two
   * of them could wait for each other.
   */
  const beat: Lease.Operations["beat"] = (all) =>
    urgent<{ readonly position: number; readonly wanted: boolean }>`
      WITH beats AS (
        SELECT * FROM unnest(
          ${all.map((_) => _.fence.deployment)}::text[], ${all.map((_) => _.fence.index)}::integer[],
          ${all.map((_) => _.fence.epoch)}::bigint[], ${all.map((_) => _.fence.token)}::text[],
          ${all.map((_) => _.generation)}::bigint[], ${all.map((_) => _.state)}::text[],
          ${all.map((_) => _.starts)}::integer[], ${all.map((_) => Option.getOrNull(_.lastError))}::text[]
        ) WITH ORDINALITY AS beat (deployment, index, epoch, token, generation, state, starts, last_error, position)
      ), owned AS (
        SELECT lease.deployment, lease.index FROM process_lease lease
        JOIN beats USING (deployment, index, epoch)
        JOIN process_fence fence USING (deployment, index)
        WHERE fence.token = beats.token
        ORDER BY lease.deployment, lease.index
        FOR NO KEY UPDATE OF lease
      )
      UPDATE process_lease lease
      SET heartbeat_at = clock_timestamp(), state = beats.state, starts = beats.starts,
        last_error = coalesce(beats.last_error, lease.last_error),
        state_at = CASE WHEN lease.state = beats.state THEN lease.state_at ELSE clock_timestamp() END
      FROM beats JOIN owned USING (deployment, index)
      WHERE lease.deployment = beats.deployment AND lease.index = beats.index AND lease.epoch = beats.epoch
      RETURNING beats.position::integer AS position, lease.generation = beats.generation AND lease.desired AS wanted
    `.pipe(
      Effect.map((rows) => {
        const answers = new Map(rows.map(({ position, wanted }) => [position, wanted ? "Held" : "Superseded"] as const))
        return all.map((_, index): Lease.BeatAnswer => answers.get(index + 1) ?? "Fenced")
      }),
      operation("beat"),
      untraced
    )

  const release: Lease.Operations["release"] = Effect.fn("PgProcessLease.release")(
    ({ deployment, epoch, index, token }) =>
      sql`
        UPDATE process_lease SET runner = NULL, state_at = clock_timestamp()
        WHERE deployment = ${deployment} AND index = ${index} AND epoch = ${epoch} AND EXISTS (
          SELECT FROM process_fence WHERE deployment = ${deployment} AND index = ${index} AND token = ${token}
        )`.pipe(Effect.asVoid, operation("release"))
  )

  const check: Lease.Operations["check"] = (fence) =>
    sql`
      SELECT FROM process_fence
      WHERE deployment = ${fence.deployment} AND index = ${fence.index} AND epoch = ${fence.epoch}
        AND token = ${fence.token}
    `.pipe(
      operation("check"),
      Effect.flatMap((rows) => (rows.length === 1 ? Effect.void : ProcessContext.fenced(fence))),
      untraced
    )

  /**
   * Changes the wish of a deployment's processes, or of one. Rows are locked in the order of their keys, as beats do, and
   * `which` of them are changed is decided after that.
   */
  const wish = (deployment: string, index: number | undefined, which: Statement.Fragment, to: Statement.Fragment) => {
    const concerned =
      index === undefined
        ? sql`deployment = ${deployment}`
        : sql.and([sql`deployment = ${deployment}`, sql`index = ${index}`])
    return sql<Row>`
      WITH all_of_them AS (
        SELECT FROM process_lease WHERE ${concerned} ORDER BY index FOR NO KEY UPDATE
      ), changed AS (
        UPDATE process_lease SET ${to}
        WHERE ${concerned} AND ${which} AND (SELECT count(*) FROM all_of_them) > 0 RETURNING *
      )
      SELECT ${selected} FROM changed ORDER BY index`.pipe(Effect.map((rows) => rows.map(fromRow(deployment))))
  }
  const any = sql`true`
  const renewed = sql`desired = true, generation = generation + 1, sent_at = NULL,
    desired_at = CASE WHEN desired THEN desired_at ELSE clock_timestamp() END`

  const stop: Lease.Operations["stop"] = Effect.fn("PgProcessLease.stop")((deployment, index) =>
    wish(
      deployment,
      index,
      any,
      sql`desired = false, suspended = false, desired_at = CASE WHEN desired THEN clock_timestamp() ELSE desired_at END`
    ).pipe(operation("stop"))
  )

  const resume: Lease.Operations["resume"] = Effect.fn("PgProcessLease.resume")((deployment, index) =>
    wish(deployment, index, sql`NOT desired`, renewed).pipe(operation("resume"))
  )

  const restart: Lease.Operations["restart"] = Effect.fn("PgProcessLease.restart")((deployment, index) =>
    wish(deployment, index, any, renewed).pipe(
      Effect.map((rows) => Option.fromNullable(rows[0])),
      operation("restart")
    )
  )

  const pin: Lease.Operations["pin"] = Effect.fn("PgProcessLease.pin")((deployment, index, runner) =>
    sql`
      UPDATE process_lease SET pinned = ${Option.getOrNull(runner)}
      WHERE deployment = ${deployment} AND index = ${index}`.pipe(Effect.asVoid, operation("pin"))
  )

  const revoke: Lease.Operations["revoke"] = Effect.fn("PgProcessLease.revoke")(function* (deployment, index) {
    const row = yield* Fence.newEpoch(sql, (patience) =>
      Effect.map(
        sql<{ readonly answer: "Revoked" | "Locked" }>`
          SELECT * FROM aecor_revoke(${deployment}, ${index}, ${patience})`,
        firstOf
      )
    ).pipe(operation("revoke"))
    if (row.answer === "Locked") return yield* fenceHeld({ deployment, index })
  })

  const assign: Lease.Operations["assign"] = Effect.fn("PgProcessLease.assign")(
    ({ deployment, generation, index }, target) =>
      sql<{ readonly generation: string }>`
        UPDATE process_lease
        SET generation = generation + 1, target = ${target}, sent_at = clock_timestamp()
        WHERE deployment = ${deployment} AND index = ${index} AND generation = ${generation} AND desired
        RETURNING generation`.pipe(
        Effect.map(([row]) => (row === undefined ? Option.none() : Option.some(Number(row.generation)))),
        operation("assign")
      )
  )

  const announce: Lease.Operations["announce"] = (runner, announced, weight = 1) =>
    urgent`
      INSERT INTO runner_beat (runner, deployments, processes, fingerprints, weight, beat_at)
      VALUES (
        ${runner}, ${announced.map((_) => _.deployment)}::text[],
        ${announced.map((_) => _.shape?.processes ?? null)}::integer[],
        ${announced.map((_) => _.shape?.fingerprint ?? null)}::text[], ${weight}, clock_timestamp()
      )
      ON CONFLICT (runner) DO UPDATE SET deployments = excluded.deployments, processes = excluded.processes,
        fingerprints = excluded.fingerprints, weight = excluded.weight, beat_at = clock_timestamp()
    `.pipe(Effect.asVoid, operation("announce"), untraced)

  const retract: Lease.Operations["retract"] = (runner) =>
    sql`DELETE FROM runner_beat WHERE runner = ${runner}`.pipe(Effect.asVoid, operation("retract"), untraced)

  // a beat from before the clock stepped back is forgotten, or it would count when the clock is there again
  const runners: Lease.Operations["runners"] = (deployment, silence) =>
    sql<Lease.Runner>`
      WITH forgotten AS (
        DELETE FROM runner_beat WHERE runner IN (
          SELECT runner FROM runner_beat WHERE aecor_age(beat_at) = double precision 'Infinity' FOR UPDATE SKIP LOCKED
        ) AND aecor_age(beat_at) = double precision 'Infinity'
      )
      SELECT runner AS name, weight FROM runner_beat
      WHERE ${deployment} = ANY (deployments) AND aecor_age(beat_at) <= ${Duration.toMillis(silence)}
        AND aecor_fits(${deployment}, processes[array_position(deployments, ${deployment})],
          fingerprints[array_position(deployments, ${deployment})])
      ORDER BY runner COLLATE "C"
    `.pipe(
      Effect.map((rows) => rows.map(({ name, weight }) => ({ name, weight }))),
      operation("runners"),
      untraced
    )

  const coordinate: Lease.Operations["coordinate"] = (deployment, runner, term) => {
    const until = sql`clock_timestamp() + ${Duration.toMillis(term)} * interval '1 millisecond'`
    return sql`
      INSERT INTO deployment_coordinator AS present (deployment, runner, until)
      VALUES (${deployment}, ${runner}, ${until})
      ON CONFLICT (deployment) DO UPDATE SET runner = excluded.runner, until = ${until}
      WHERE present.runner = excluded.runner OR present.until <= clock_timestamp()
        OR present.until > ${until} + interval '3 seconds'
      RETURNING runner
    `.pipe(
      Effect.map((rows) => rows.length === 1),
      operation("coordinate"),
      untraced
    )
  }

  const resign: Lease.Operations["resign"] = (deployment, runner) =>
    sql`DELETE FROM deployment_coordinator WHERE deployment = ${deployment} AND runner = ${runner}`.pipe(
      Effect.asVoid,
      operation("resign"),
      untraced
    )

  return {
    ...Shapes.make(sql),
    register,
    list,
    claim,
    beat,
    release,
    check,
    stop,
    resume,
    restart,
    pin,
    revoke,
    assign,
    announce,
    retract,
    runners,
    coordinate,
    resign
  }
}

const fenceHeld = (process: { readonly deployment: string; readonly index: number }) =>
  new Lease.ProcessLeaseError({
    description: `the fence of process ${process.index} of ${process.deployment} is held by a transaction that could not be ended`
  })

/** A call of a function gives exactly one row. */
const firstOf = <A>(rows: ReadonlyArray<A>): A => rows[0] as A
