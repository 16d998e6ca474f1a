import { Fold, Journal, Tagging } from "@aecor/core"
import { FailurePolicy, Projection, ViewStore } from "@aecor/projection"
import { Option, Schedule, Schema } from "effect"

class Ordered extends Schema.TaggedClass<Ordered>()("Ordered", { client: Schema.String, amount: Schema.Int }) {}
class Changed extends Schema.TaggedClass<Changed>()("Changed", { amount: Schema.Int }) {}
class Withdrawn extends Schema.TaggedClass<Withdrawn>()("Withdrawn", {}) {}

export class OrderJournal extends Journal.Tag<OrderJournal>()("OrderJournal", {
  event: Schema.Union(Ordered, Changed, Withdrawn),
  tagging: Tagging.partitioned("Order", 4)
}) {}

const OrderRow = Schema.Struct({ client: Schema.String, amount: Schema.Int })
export class OrdersView extends ViewStore.Tag<OrdersView>()("orders", { row: OrderRow }) {}

// One row an order. What cannot be folded is set aside, and tried again, more and more rarely.
export const orders = Projection.exactlyOnce("Orders", {
  journal: OrderJournal,
  view: OrdersView,
  project: (row, { event }) => {
    if (event._tag === "Ordered") return { client: event.client, amount: event.amount }
    const order = Option.getOrElse(row, () => Fold.impossible("an order that was not made", event))
    return event._tag === "Changed" ? { ...order, amount: event.amount } : Option.none() // the row goes
  },
  onFailure: FailurePolicy.quarantine({
    retry: Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("10 minutes"))
  })
})

export const ordered = (client: string, amount: number) => new Ordered({ client, amount })
export const changed = (amount: number) => new Changed({ amount })
export const withdrawn = new Withdrawn()
