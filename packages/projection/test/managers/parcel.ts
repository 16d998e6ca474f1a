import { EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { ProcessManager } from "@aecor/projection"
import { Rpc } from "@effect/rpc"
import { Effect, Either, Schema } from "effect"
import { Mail, OrderJournal, Stock } from "./orders.js"

// The manager's state is an entity: what it is to do, and what came of that, are its events.
const ParcelEvent = Schema.Union(
  Schema.TaggedStruct("Wanted", { item: Schema.String }),
  Schema.TaggedStruct("Packed", { item: Schema.String }),
  Schema.TaggedStruct("Missed", { item: Schema.String })
)
export class ParcelJournal extends Journal.Tag<ParcelJournal>()("ParcelJournal", {
  event: ParcelEvent,
  tagging: Tagging.partitioned("Parcel", 4)
}) {}

const goods = { item: Schema.String }
export class Parcel extends EventSourced.Tag<Parcel>()("Parcel", {
  journal: ParcelJournal,
  fold: Fold.of(ParcelEvent)<"New" | "Wanted" | "Packed" | "Missed">("New", {
    Wanted: () => "Wanted",
    Packed: () => "Packed",
    Missed: () => "Missed"
  }),
  protocol: [
    Rpc.make("Want", { payload: goods }),
    Rpc.make("Settle", { payload: { ...goods, packed: Schema.Boolean } }),
    Rpc.make("State", { success: Schema.String })
  ]
}) {}

export const parcels = Parcel.layer({
  Want: ({ item }, session) => session.append({ _tag: "Wanted", item }),
  Settle: ({ item, packed }, session) => session.append({ _tag: packed ? "Packed" : "Missed", item }),
  State: (_, session) => session.state
})

// What happens elsewhere becomes a command to the entity: that is all there is to it.
export const want = ProcessManager.make("Want", {
  journal: OrderJournal,
  react: ({ event: { item }, id }, send) =>
    Effect.flatMap(Parcel, (parcel) => Effect.asVoid(send("want", (once) => parcel(id).Want({ item }, once))))
})

// The entity's own events lead to commands, and their outcomes back to it. What follows from those is an event as well.
export const pack = ProcessManager.make("Pack", {
  journal: ParcelJournal,
  react: ({ event: { _tag, item }, key }, send) =>
    Effect.gen(function* () {
      const parcel = (yield* Parcel)(key)
      if (_tag === "Missed") {
        const mail = yield* Mail
        yield* send("tell", (once) => mail(key).Tell({ text: `no ${item} is left` }, once))
      }
      // where the event comes again and its outcome is known, nothing is decided once more
      if (_tag !== "Wanted" || (yield* parcel.State()) !== "Wanted") return
      const stock = yield* Stock
      const outcome = yield* send("take", (once) => stock(item).Take(undefined, once))
      yield* send("settle", (once) => parcel.Settle({ item, packed: Either.isRight(outcome) }, once))
    })
})
