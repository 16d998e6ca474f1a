/** The managers of the document, at work. */
import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { ProcessManager } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"
import { fulfilment, Fulfilments } from "./managers/fulfilment.js"
import { Mail, MailJournal, OrderJournal, SoldOut, Stock, StockJournal } from "./managers/orders.js"
import { thanks } from "./managers/thanks.js"

const storage = Layer.mergeAll(
  OrderJournal.layerMemory,
  StockJournal.layerMemory,
  MailJournal.layerMemory,
  Fulfilments.layerMemory,
  OffsetStore.layerMemory,
  EntityHost.layerLocal,
  DistributedProcessing.layerLocal
).pipe(Layer.provideMerge(ProcessLease.layerMemory))

const entities = Layer.merge(
  Stock.layer({
    Take: (_, session) =>
      Effect.flatMap(session.state, (left) => (left > 0 ? session.append({ _tag: "Taken" }) : new SoldOut())),
    Left: (_, session) => session.state
  }),
  Mail.layer({
    Tell: ({ text }, session) => session.append({ _tag: "Told", text }),
    All: (_, session) => session.state
  })
)

const app = Layer.mergeAll(
  DistributedProcessing.deploy(thanks.name, thanks.processes),
  DistributedProcessing.deploy(fulfilment.name, fulfilment.processes)
).pipe(Layer.provideMerge(entities), Layer.provideMerge(storage))

describe("ProcessManager", () => {
  it.scoped("reacts to what happens with commands, and handles a rejection as a value", () =>
    Effect.gen(function* () {
      const orders = yield* OrderJournal
      const customers = ["ann", "ben", "cid"]
      for (const customer of customers) {
        yield* orders.append(customer, 0, [{ _tag: "Ordered", item: "lamp", price: 5 }])
        yield* TestClock.adjust("1 second")
      }
      const mail = yield* Mail
      const told = yield* Effect.forEach(customers, (customer) => mail(customer).All())
      expect(told.map((all) => all.toSorted())).toEqual([
        ["thank you for the lamp"],
        ["thank you for the lamp"],
        ["no lamp is left", "thank you for the lamp"]
      ])
      expect(yield* (yield* Stock)("lamp").Left()).toBe(0)
      const rows = yield* (yield* Fulfilments).find({})
      expect(rows.map(({ state }) => state)).toEqual(["Taken", "Taken", "Refused"])
    }).pipe(Effect.provide(app))
  )

  it("refuses a page size that is not a positive integer", () => {
    const react = () => Effect.void
    expect(() => ProcessManager.make("Bad", { journal: OrderJournal, react, pageSize: 0 })).toThrow(RangeError)
  })
})
