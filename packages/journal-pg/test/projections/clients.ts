import { MergedView, ViewStore } from "@aecor/projection"
import { Option, Schema } from "effect"
import { OrderJournal } from "./orders.js"

const Client = Schema.Struct({ orders: Schema.Int, amount: Schema.Int })
export class ClientParts extends ViewStore.Tag<ClientParts>()("client_parts", { row: Client }) {}

// One row a client, whose orders are in all partitions: each writes to a part of its own, and a query merges them.
export const clients = MergedView.make(ClientParts, {
  journals: [OrderJournal],
  merge: (one, other) => ({ orders: one.orders + other.orders, amount: one.amount + other.amount })
})

export const clientView = MergedView.exactlyOnce("Clients", {
  journal: OrderJournal,
  view: clients,
  keys: ({ event }) => (event._tag === "Ordered" ? [event.client] : []),
  project: (part, { event }) => {
    const { amount, orders } = Option.getOrElse(part, () => ({ orders: 0, amount: 0 }))
    return event._tag === "Ordered" ? { orders: orders + 1, amount: amount + event.amount } : part
  }
})
