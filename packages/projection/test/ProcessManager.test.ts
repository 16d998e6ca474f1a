/** The managers of the document, at work. */
import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { ProcessManager } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream, TestClock } from "effect"
import { fulfilment, Fulfilments } from "./managers/fulfilment.js"
import { Mail, MailJournal, OrderJournal, SoldOut, Stock, StockJournal } from "./managers/orders.js"
import { pack, Parcel, ParcelJournal, parcels, want } from "./managers/parcel.js"
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

const packing = Layer.mergeAll(
  DistributedProcessing.deploy(want.name, want.processes),
  DistributedProcessing.deploy(pack.name, pack.processes)
).pipe(
  Layer.provideMerge(Layer.merge(entities, parcels)),
  Layer.provideMerge(Layer.merge(storage, ParcelJournal.layerMemory))
)

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

  it.scoped("keeps its state in an entity of its own, and tells it what came of its commands", () =>
    Effect.gen(function* () {
      const orders = yield* OrderJournal
      const mail = yield* Mail
      const parcel = yield* Parcel
      for (const customer of ["ann", "ben", "cid"]) {
        yield* orders.append(customer, 0, [{ _tag: "Ordered", item: "lamp", price: 5 }])
        yield* TestClock.adjust("1 second")
      }
      const ids = yield* Effect.forEach(["ann", "ben", "cid"], (customer) =>
        Effect.map(Stream.runCollect(orders.read(customer, 1)), (all) => Chunk.unsafeHead(all).id)
      )
      expect(yield* Effect.forEach(ids, (id) => parcel(id).State())).toEqual(["Packed", "Packed", "Missed"])
      expect(yield* Effect.forEach(ids, (id) => mail(id).All())).toEqual([[], [], ["no lamp is left"]])
      expect(yield* (yield* Stock)("lamp").Left()).toBe(0)
    }).pipe(Effect.provide(packing))
  )

  it("refuses a page size that is not a positive integer", () => {
    const react = () => Effect.void
    expect(() => ProcessManager.make("Bad", { journal: OrderJournal, react, pageSize: 0 })).toThrow(RangeError)
  })
})
