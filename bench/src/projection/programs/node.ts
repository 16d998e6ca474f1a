/** A node of ours: the journal, the view and, while they are deployed, the processes of projections. */
import { DistributedProcessing, type EventSourced, type ProcessStatus } from "@aecor/core"
import { PgCluster, PgJournal, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import {
  Duration,
  Effect,
  Exit,
  Layer,
  Logger,
  LogLevel,
  ManagedRuntime,
  Option,
  Redacted,
  Schedule,
  Scope
} from "effect"
import { serve } from "../../run/Worker.js"
import { BenchJournal, table } from "../../journal/BenchJournal.js"
import { events as all, metadata } from "../../journal/BookingEvent.js"
import * as Clock from "../../journal/Clock.js"
import { slice } from "../../journal/Writing.js"
import * as BookingsView from "../BookingsView.js"
import * as Progress from "../Progress.js"

interface Opening {
  readonly url: string
  /** The port of a node that shares the processes with others; alone it runs them all. */
  readonly port?: number
}

const Migrations = PgMigrations.layer([PgJournal.migrations({ table }), ...BookingsView.migrations])

const layer = ({ port, url }: Opening) => {
  const Host =
    port === undefined
      ? DistributedProcessing.layerLocal
      : DistributedProcessing.layerCluster.pipe(Layer.provide(PgCluster.layer({ host: "127.0.0.1", port })))
  return Layer.mergeAll(PgJournal.layer(BenchJournal, { table }), BookingsView.layer, Host).pipe(
    Layer.provideMerge(PgProcessLease.layer),
    Layer.provide(Migrations),
    Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), applicationName: "bench" })),
    Layer.provide(Logger.minimumLogLevel(LogLevel.Warning))
  )
}

const start = (opening: Opening) => ManagedRuntime.make(layer(opening))
type Runtime = ReturnType<typeof start>
let runtime: Runtime | undefined
let deployed: Scope.CloseableScope | undefined

const run = <A, E>(program: Effect.Effect<A, E, ManagedRuntime.ManagedRuntime.Context<Runtime>>): Promise<A> =>
  runtime === undefined ? Promise.reject(new Error("the node is not open")) : runtime.runPromise(program)

const deploy = (projections: number) =>
  Effect.forEach(
    Array.from({ length: projections }, (_, i) => BookingsView.projection(`bookings-${i}`)),
    ({ name, processes }) => DistributedProcessing.start(name, processes),
    { discard: true }
  )

/** All processes run, on so many nodes. */
const isSpread = (rows: ReadonlyArray<ProcessStatus.ProcessStatus>, nodes: number): boolean =>
  rows.length > 0 &&
  rows.every(({ state }) => Option.contains(state, "Running")) &&
  new Set(rows.map(({ runner }) => Option.getOrElse(runner, () => ""))).size === nodes

/** When each is due. */
const paced = <A, E, R>(perSecond: number, count: number, one: (n: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) => Effect.delay(one(n), Duration.millis((n * 1000) / perSecond)),
    { concurrency: "unbounded" }
  )

const awaited = (receipt: Pick<EventSourced.Receipt<unknown>, "key" | "sequence">) =>
  Effect.flatMap(BookingsView.BookingsView, (view) => Effect.as(view.awaitReceipt(receipt, "60 seconds"), receipt.key))

const viewed = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.map(
    sql<{ readonly events: number }>`SELECT coalesce(sum(changes), 0)::float8 AS events FROM bookings`,
    ([row]) => row?.events ?? 0
  )
)

const keyOf = (n: number): string => `paced-${n}`

const tasks = {
  open: async (opening: Opening): Promise<void> => {
    runtime = start(opening)
    await run(Effect.void)
  },

  close: async (): Promise<void> => {
    await runtime?.dispose()
    runtime = undefined
  },

  /** Starts so many projections of the same journal. */
  deploy: (projections: number): Promise<void> =>
    run(
      Effect.gen(function* () {
        deployed = yield* Scope.make()
        yield* Scope.extend(deploy(projections), deployed)
      })
    ),

  undeploy: (): Promise<void> => run(deployed === undefined ? Effect.void : Scope.close(deployed, Exit.void)),

  /** Starts the projection, and ends it when it has folded so many events. */
  project: (events: number): Promise<Progress.Projected> =>
    run(Effect.scoped(Progress.measured(events, deploy(1), viewed))),

  /** Waits until the processes of the projection run on so many nodes. */
  spread: (nodes: number): Promise<void> =>
    run(
      DistributedProcessing.status("bookings-0").pipe(
        Effect.repeat({ until: (rows) => isSpread(rows, nodes), schedule: Schedule.spaced("100 millis") }),
        Effect.timeout("2 minutes"),
        Effect.asVoid
      )
    ),

  /** Events that are in the view. */
  viewed: (): Promise<number> => run(viewed),

  /** By the server's counters: how often the journal's table was read, and transactions of all kinds. */
  counted: () =>
    run(
      Effect.flatMap(PgClient.PgClient, (sql) =>
        Effect.map(
          sql<Counted>`SELECT
            (SELECT (seq_scan + idx_scan)::float8 FROM pg_stat_user_tables WHERE relname = ${table}) AS reads,
            (SELECT (xact_commit + xact_rollback)::float8 FROM pg_stat_database
              WHERE datname = current_database()) AS transactions`,
          ([row]) => row ?? { reads: Number.NaN, transactions: Number.NaN }
        )
      )
    ),

  /** Appends at a steady pace; each receipt is waited for here, where the append was made. */
  append: ({ events, perSecond }: Pace) =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        paced(perSecond, events, (n) =>
          Effect.gen(function* () {
            const key = keyOf(n)
            const { sequence } = yield* journal.append(key, 0, slice(all, n * 2, 1), { metadata })
            const answered = Clock.now()
            yield* awaited({ key, sequence })
            return { key, answered, seen: Clock.now() }
          })
        )
      )
    )
}

interface Counted {
  readonly reads: number
  readonly transactions: number
}

interface Pace {
  readonly events: number
  readonly perSecond: number
}

export type Node = typeof tasks

serve(tasks)
