/** The operations of the process leases as statements. Their tables and functions are in `processLeaseSql`. */
import { Lease, ProcessContext } from "@aecor/core"
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Option } from "effect"
import * as Shapes from "./deploymentShapes.js"
import { operation, untraced } from "./leaseOperation.js"
import * as Fence from "./processLeaseFence.js"
import { type ClaimRow, columns, fenceOf, fromRow, type Row } from "./processLeaseRows.js"

export const make = (client: PgClient.PgClient): Lease.Operations => {
  const sql = client.withoutTransforms()
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
  const beat: Lease.Operations["beat"] = (beats) =>
    sql<{ readonly position: number; readonly wanted: boolean }>`
      WITH beats AS (
        SELECT * FROM unnest(
          ${beats.map((_) => _.fence.deployment)}::text[], ${beats.map((_) => _.fence.index)}::integer[],
          ${beats.map((_) => _.fence.epoch)}::bigint[], ${beats.map((_) => _.fence.token)}::text[],
          ${beats.map((_) => _.generation)}::bigint[], ${beats.map((_) => _.state)}::text[],
          ${beats.map((_) => _.starts)}::integer[], ${beats.map((_) => Option.getOrNull(_.lastError))}::text[]
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
      SET heartbeat_at = clock_timestamp(), state = beats.state, starts = beats.starts, last_error = beats.last_error
      FROM beats JOIN owned USING (deployment, index)
      WHERE lease.deployment = beats.deployment AND lease.index = beats.index AND lease.epoch = beats.epoch
      RETURNING beats.position::integer AS position, lease.generation = beats.generation AND lease.desired AS wanted
    `.pipe(
      Effect.map((rows) => {
        const answers = new Map(rows.map(({ position, wanted }) => [position, wanted ? "Held" : "Superseded"] as const))
        return beats.map((_, index): Lease.BeatAnswer => answers.get(index + 1) ?? "Fenced")
      }),
      operation("beat"),
      untraced
    )

  const release: Lease.Operations["release"] = Effect.fn("PgProcessLease.release")(
    ({ deployment, epoch, index, token }) =>
      sql`
        UPDATE process_lease SET runner = NULL
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

  const stop: Lease.Operations["stop"] = Effect.fn("PgProcessLease.stop")((deployment) =>
    sql<Row>`
      WITH all_of_them AS (
        SELECT FROM process_lease WHERE deployment = ${deployment} ORDER BY index FOR NO KEY UPDATE
      ), stopped AS (
        UPDATE process_lease SET desired = false, suspended = false
        WHERE deployment = ${deployment} AND (SELECT count(*) FROM all_of_them) > 0 RETURNING *
      )
      SELECT ${selected} FROM stopped ORDER BY index`.pipe(
      Effect.map((rows) => rows.map(fromRow(deployment))),
      operation("stop")
    )
  )

  const resume: Lease.Operations["resume"] = Effect.fn("PgProcessLease.resume")((deployment) =>
    sql`
      WITH all_of_them AS (
        SELECT FROM process_lease WHERE deployment = ${deployment} ORDER BY index FOR NO KEY UPDATE
      )
      UPDATE process_lease SET desired = true, generation = generation + 1, sent_at = NULL
      WHERE deployment = ${deployment} AND NOT desired AND (SELECT count(*) FROM all_of_them) > 0`.pipe(
      Effect.asVoid,
      operation("resume")
    )
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

  const announce: Lease.Operations["announce"] = (runner, announced) =>
    sql`
      INSERT INTO runner_beat (runner, deployments, processes, fingerprints, beat_at)
      VALUES (
        ${runner}, ${announced.map((_) => _.deployment)}::text[],
        ${announced.map((_) => _.shape?.processes ?? null)}::integer[],
        ${announced.map((_) => _.shape?.fingerprint ?? null)}::text[], clock_timestamp()
      )
      ON CONFLICT (runner) DO UPDATE SET deployments = excluded.deployments, processes = excluded.processes,
        fingerprints = excluded.fingerprints, beat_at = clock_timestamp()
    `.pipe(Effect.asVoid, operation("announce"), untraced)

  const retract: Lease.Operations["retract"] = (runner) =>
    sql`DELETE FROM runner_beat WHERE runner = ${runner}`.pipe(Effect.asVoid, operation("retract"), untraced)

  const runners: Lease.Operations["runners"] = (deployment, silence) =>
    sql<{ readonly runner: string }>`
      SELECT runner FROM runner_beat
      WHERE ${deployment} = ANY (deployments) AND aecor_age(beat_at) <= ${Duration.toMillis(silence)}
        AND aecor_fits(${deployment}, processes[array_position(deployments, ${deployment})],
          fingerprints[array_position(deployments, ${deployment})])
      ORDER BY runner COLLATE "C"
    `.pipe(
      Effect.map((rows) => rows.map((_) => _.runner)),
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
