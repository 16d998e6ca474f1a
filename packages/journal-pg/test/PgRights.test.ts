// Offsets, views, leases and the cluster with the rights that their modules name, and no others.
import { OffsetStoreSuite, ProcessLeaseSuite } from "@aecor/core/testing"
import {
  PgCluster,
  PgJournal,
  PgMigrations,
  PgOffsetStore,
  PgProcessLease,
  PgTimers,
  PgViewStore
} from "@aecor/journal-pg"
import { Timers } from "@aecor/projection"
import { ViewStoreSuite } from "@aecor/projection/testing"
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Exit, Layer, Option } from "effect"
import { freePort } from "../src/internal/embedded/freePort.js"
import { client } from "./fixtures/database.js"
import { newRole, nodeOf, owned, run } from "./fixtures/role.js"
import { suiteView } from "./fixtures/view.js"
import { claimed, elapse, registered } from "./leases.js"
import { rights } from "./operations/rights.js"

const offsets = [PgProcessLease.migrations, PgOffsetStore.migrations]
const rightsToCommit = (role: string) => PgProcessLease.grants(role) + PgOffsetStore.grants(role)

OffsetStoreSuite.suite(
  "PgOffsetStore, with the least rights",
  Layer.merge(PgOffsetStore.layer, PgProcessLease.layer).pipe(Layer.provide(nodeOf(offsets, rightsToCommit)))
)

ViewStoreSuite.suite(
  "PgViewStore, with the least rights",
  Layer.merge(
    PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "suite_view", key: "key" }),
    PgProcessLease.layer
  ).pipe(
    Layer.provide(
      nodeOf(
        [...offsets, suiteView],
        (role) => rightsToCommit(role) + PgViewStore.grants({ table: "suite_view" }, role)
      )
    )
  ),
  { clock: "live" }
)

ProcessLeaseSuite.suiteLive(
  "PgProcessLease, with the least rights",
  PgProcessLease.layer.pipe(Layer.provideMerge(nodeOf([PgProcessLease.migrations], PgProcessLease.grants))),
  { elapse }
)

it.live("who may schedule timers and commit under a fence may fire them", () =>
  Effect.gen(function* () {
    const timers = yield* Timers.Timers
    const due = yield* DateTime.now
    for (const id of ["a", "b"]) yield* timers.schedule({ name: "Reminders", id, due })
    expect(yield* timers.cancel("Reminders", "a")).toBe("Cancelled")
    const fence = yield* Effect.flatMap(registered("Reminders"), (process) => claimed(process, "one"))
    const share = { name: "Reminders", slots: [Timers.slotOf("Reminders", "b")] }
    expect(yield* timers.untilDue(share)).toEqual(Option.some(0))
    expect(yield* timers.take(share, { fence, most: 1 })).toHaveLength(1)
    yield* timers.handedOver("Reminders", { fence, ids: ["b"] })
    expect(yield* timers.pending("Reminders", { most: 1 })).toEqual([])
    expect(yield* timers.count("Reminders")).toBe(0)
  }).pipe(
    Effect.provide(
      Layer.merge(PgTimers.layer, PgProcessLease.layer).pipe(
        Layer.provide(
          nodeOf(
            [PgProcessLease.migrations, PgTimers.migrations],
            (role) => PgProcessLease.grants(role) + PgTimers.grants(role)
          )
        )
      )
    )
  )
)

it.live("a runner of the cluster needs a schema in which it may create the cluster's tables", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const { admin, node } = yield* owned([PgProcessLease.migrations], PgProcessLease.grants)
      const start = Effect.gen(function* () {
        const runner = PgCluster.layer({ host: "127.0.0.1", port: yield* freePort, connections: 3 })
        return yield* Effect.scoped(Layer.build(runner.pipe(Layer.provide(client(node.url)))))
      }).pipe(Effect.exit)
      expect(Exit.isFailure(yield* start)).toBe(true)
      yield* run(
        admin,
        `CREATE SCHEMA ${node.name} AUTHORIZATION ${node.name};
         ALTER ROLE ${node.name} SET search_path TO ${node.name}, public`
      )
      expect(Exit.isSuccess(yield* start)).toBe(true)
      const tables = `SELECT DISTINCT schemaname AS schema FROM pg_tables WHERE tablename LIKE 'cluster\\_%'`
      expect(yield* run(admin, tables)).toEqual([{ schema: node.name }])
    })
  )
)

it.live("a role without rights finds no migration missing, once it may read the ledger", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const { admin, owner } = yield* owned([], () => "")
      const role = yield* newRole(admin)
      const modules = [PgMigrations.make("rights", [PgMigrations.step("node", "SELECT 1")])]
      const start = Effect.provide(PgMigrations.run(modules), client(role.url))
      expect(yield* Effect.flip(start)).toMatchObject({ _tag: "MigrationError", reason: "Failed" })
      yield* run(owner.url, PgMigrations.grants(role.name))
      yield* start
    })
  )
)

it.live("the owner's migrations end with what a node may do, as the operations page has it", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const { node, owner } = yield* owned([], () => "")
      const view = PgMigrations.step(
        "table",
        "CREATE TABLE bookings (booking_id text PRIMARY KEY, version bigint NOT NULL)"
      )
      const modules = [
        PgProcessLease.migrations,
        PgOffsetStore.migrations,
        PgJournal.migrations({ table: "booking_event" }),
        PgMigrations.make("bookings", [view]),
        rights(node.name)
      ]
      for (const { url } of [owner, node]) yield* Effect.provide(PgMigrations.run(modules), client(url))
      expect(yield* run(node.url, "SELECT count(*)::int AS events FROM booking_event")).toEqual([{ events: 0 }])
      expect(yield* Effect.flip(run(node.url, "DELETE FROM booking_event"))).toMatchObject({ _tag: "SqlError" })
    })
  )
)

it("grants to nobody whose name would need quoting, and not to everybody", () => {
  for (const role of ["public", "current_user", "a, b", "A"]) {
    for (const refused of [
      () => PgMigrations.grants(role),
      () => PgOffsetStore.grants(role),
      () => PgProcessLease.grants(role),
      () => PgTimers.grants(role),
      () => PgViewStore.grants({ table: "a" }, role)
    ]) {
      expect(refused).toThrow(JSON.stringify(role))
    }
  }
  expect(() => PgViewStore.grants({ table: "a, b" }, "node")).toThrow('"a, b"')
})
