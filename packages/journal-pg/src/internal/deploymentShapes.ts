/** The operations of the process leases that are about a deployment's shape. */
import { Lease, ProcessContext } from "@aecor/core"
import { SqlError } from "@effect/sql/SqlError"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"
import { operation } from "./leaseOperation.js"
import * as Fence from "./processLeaseFence.js"
import { sqlState } from "./sqlState.js"

/** The registered shape, as the functions answer it. */
export interface Registered {
  readonly registered: number
  readonly registered_fingerprint: string
}

/** Fails where the registered shape is another one. */
export const expected = (
  deployment: string,
  { fingerprint, processes }: Lease.Shape,
  { registered, registered_fingerprint: registeredFingerprint }: Registered
): Effect.Effect<void, Lease.DeploymentMismatch> =>
  registered === processes && registeredFingerprint === fingerprint
    ? Effect.void
    : new Lease.DeploymentMismatch({ deployment, processes, registered, fingerprint, registeredFingerprint })

/** What `aecor_seize` answers. `Locked` says that a transaction holds a fence. */
interface Seized {
  readonly answer: "Seized" | "Locked" | "Unknown"
  readonly new_epoch: string
  readonly new_token: string
}

export const make = (sql: PgClient.PgClient): Pick<Lease.Operations, "shape" | "suspend" | "seize" | "reshape"> => ({
  shape: (deployment) =>
    sql<Lease.Shape>`SELECT processes, fingerprint FROM deployment WHERE name = ${deployment}`.pipe(
      Effect.map(([row]) => Option.fromNullable(row)),
      operation("shape")
    ),

  suspend: (deployment) => sql`SELECT aecor_suspend(${deployment})`.pipe(Effect.asVoid, operation("suspend")),

  seize: Effect.fnUntraced(function* (deployment) {
    const [row] = yield* Fence.newEpoch(sql, (patience) =>
      Effect.map(sql<Seized>`SELECT * FROM aecor_seize(${deployment}, ${patience})`, ([first]) => ({
        answer: first?.answer ?? "Unknown",
        rows: first === undefined ? [] : [first]
      }))
    ).pipe(
      Effect.map(({ rows }) => rows),
      operation("seize")
    )
    if (row?.answer !== "Seized") {
      const why = row?.answer === "Locked" ? "a fence of it is held by a transaction" : "it is not known"
      return yield* new Lease.ProcessLeaseError({ description: `deployment ${deployment} cannot be seized: ${why}` })
    }
    return { deployment, index: 0, epoch: Number(row.new_epoch), token: row.new_token, runner: "" }
  }),

  reshape: Effect.fnUntraced(function* (fence, from, to) {
    const { deployment, epoch, token } = fence
    const [row] = yield* sql<Registered>`
      SELECT * FROM aecor_reshape(${deployment}, ${epoch}, ${token}, ${from.processes}, ${from.fingerprint},
        ${to.processes}, ${to.fingerprint})`.pipe(
      operation("reshape"),
      Effect.catchIf(
        (error) => error.cause instanceof SqlError && sqlState(error.cause) === "AE001",
        () => ProcessContext.fenced(fence)
      )
    )
    if (row !== undefined) yield* expected(deployment, from, row)
  })
})
