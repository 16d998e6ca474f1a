import { Projection, ViewStore } from "@aecor/projection"
import { Option, Schema } from "effect"
import { AccountJournal } from "./account.js"

// One row an account, in a store of its own.
const Balance = Schema.Struct({ balance: Schema.Int, movements: Schema.Int })
export class Balances extends ViewStore.Tag<Balances>()("balances", { row: Balance }) {}

// How an event changes its account's row. View and offset are committed together: each event counts exactly once.
export const balances = Projection.exactlyOnce("Balances", {
  journal: AccountJournal,
  view: Balances,
  project: (row, { event }) => {
    const { balance, movements } = Option.getOrElse(row, () => ({ balance: 0, movements: 0 }))
    const change = event._tag === "Deposited" ? event.amount : -event.amount
    return { balance: balance + change, movements: movements + 1 }
  }
})
