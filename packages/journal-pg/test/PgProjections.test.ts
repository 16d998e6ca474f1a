// The code of docs/projections.md, run.
import { DistributedProcessing } from "@aecor/core"
import { PgProcessLease } from "@aecor/journal-pg"
import { MergedView } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Console, Effect, Layer, Logger, Option } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { until } from "./fixtures/journal.js"
import { clients, clientView } from "./projections/clients.js"
import { copies } from "./projections/copies.js"
import { Gauges, mended, report } from "./projections/operator.js"
import { changed, ordered, OrderJournal, orders, OrdersView, withdrawn } from "./projections/orders.js"
import { revenue } from "./projections/revenue.js"
import { Migrations, Stores } from "./projections/stores.js"

const Services = Layer.mergeAll(Stores, DistributedProcessing.layerLocal).pipe(
  Layer.provideMerge(PgProcessLease.layer),
  Layer.provideMerge(Migrations),
  Layer.provideMerge(Layer.unwrapEffect(Effect.map(newDatabase, (url) => client(url, { maxConnections: 20 })))),
  Layer.provideMerge(Logger.remove(Logger.defaultLogger))
)

it.scopedLive(
  "rows of orders, merged clients, revenue by SQL and copies come of the same events; what is set aside is seen",
  () =>
    Effect.gen(function* () {
      const journal = yield* OrderJournal
      const view = yield* OrdersView
      const sql = yield* PgClient.PgClient
      const sent: Array<string> = []
      const copied = copies((ids) => Effect.sync(() => void sent.push(...ids)))
      yield* DistributedProcessing.start(orders.name, orders.processes)
      yield* DistributedProcessing.start(clientView.name, clientView.processes)
      yield* DistributedProcessing.start(revenue.name, revenue.processes)
      yield* DistributedProcessing.start(copied.name, copied.processes)
      yield* Layer.build(Gauges)
      for (let n = 0; n < 6; n++) yield* journal.append(`o-${n}`, 0, [ordered(`c-${n % 2}`, 10 * n)])
      yield* journal.append("o-1", 1, [changed(100)])
      yield* journal.append("o-2", 1, [withdrawn])
      yield* journal.append("o-9", 0, [changed(1)])
      yield* view.awaitReceipt({ key: "o-1", sequence: 2 }, "45 seconds")
      yield* view.awaitReceipt({ key: "o-2", sequence: 2 }, "45 seconds")
      expect(yield* view.get("o-1")).toEqual(Option.some({ version: 2, view: { client: "c-1", amount: 100 } }))
      expect(yield* view.get("o-2")).toEqual(Option.none())
      const told = yield* Effect.flip(view.awaitReceipt({ key: "o-9", sequence: 1 }, "45 seconds"))
      expect(told._tag).toBe("Quarantined")
      yield* until(
        "all of it",
        Effect.gen(function* () {
          const found = Option.getOrUndefined(yield* MergedView.get(clients, "c-0"))
          const [sum] = yield* sql<{ amount: string | null }>`SELECT sum(amount)::text AS amount FROM revenue`
          const isAll = found?.orders === 3 && found.amount === 60 && sum?.amount === "150" && sent.length >= 9
          return isAll ? Option.some(true) : Option.none()
        })
      )
      expect(new Set(sent).size).toBe(9)
      const lines: Array<string> = []
      const console = { ...(yield* Console.consoleWith(Effect.succeed)) }
      yield* Console.withConsole(report, {
        ...console,
        log: (line) => Effect.sync(() => void lines.push(String(line)))
      })
      expect(lines[0]).toMatch(/^o-9 waits at position 9, tried \d+ times: .*an order that was not made/)
      expect(lines[1]).toMatch(/; 1 orders set aside$/)
      expect(yield* mended("o-1")).toEqual([])
    }).pipe(Effect.provide(Services))
)
