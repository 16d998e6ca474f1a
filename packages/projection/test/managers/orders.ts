import { EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { Rpc } from "@effect/rpc"
import { Schema } from "effect"

const Ordered = Schema.TaggedStruct("Ordered", { item: Schema.String, price: Schema.Int })
export class OrderJournal extends Journal.Tag<OrderJournal>()("OrderJournal", {
  event: Ordered,
  tagging: Tagging.partitioned("Order", 4)
}) {}

const Taken = Schema.TaggedStruct("Taken", {})
const StockEvent = Schema.Union(Taken)
export class StockJournal extends Journal.Tag<StockJournal>()("StockJournal", {
  event: StockEvent,
  tagging: Tagging.single("Stock")
}) {}

export class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", {}) {}

/** The stock of an item: two pieces. */
export class Stock extends EventSourced.Tag<Stock>()("Stock", {
  journal: StockJournal,
  fold: Fold.of(StockEvent)<number>(2, { Taken: (left) => left - 1 }),
  protocol: [Rpc.make("Take", { error: SoldOut }), Rpc.make("Left", { success: Schema.Int })]
}) {}

const Told = Schema.TaggedStruct("Told", { text: Schema.String })
const MailEvent = Schema.Union(Told)
export class MailJournal extends Journal.Tag<MailJournal>()("MailJournal", {
  event: MailEvent,
  tagging: Tagging.single("Mail")
}) {}

/** What a customer is told. */
export class Mail extends EventSourced.Tag<Mail>()("Mail", {
  journal: MailJournal,
  fold: Fold.of(MailEvent)<ReadonlyArray<string>>([], { Told: (all, { text }) => [...all, text] }),
  protocol: [
    Rpc.make("Tell", { payload: { text: Schema.String } }),
    Rpc.make("All", { success: Schema.Array(Schema.String) })
  ]
}) {}
