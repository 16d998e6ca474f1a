/**
 * A seat at its price.
 */
import { Schema } from "effect"
import * as Money from "./Money.js"
import { Seat } from "./Seat.js"

export interface Ticket extends Schema.Schema.Type<typeof Ticket> {}
export const Ticket = Schema.Struct({ seat: Seat, price: Money.Money }).annotations({ identifier: "Ticket" })

export const Tickets = Schema.NonEmptyArray(Ticket)
export type Tickets = typeof Tickets.Type

export const total = (tickets: ReadonlyArray<Ticket>): Money.Money => Money.total(tickets.map((ticket) => ticket.price))
