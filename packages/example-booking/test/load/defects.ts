/** The application in memory with something wrong in it, of each kind that a sale's checks are there to find. */
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { App } from "../../src/app.js"
import * as Money from "../../src/domain/Money.js"
import { Memory } from "../../src/memory.js"
import { PaymentInbox } from "../../src/payment/PaymentInbox.js"
import { SeatsHeld, TicketReservation } from "../../src/reservation/TicketReservation.js"
import { BookingsView } from "../../src/view/BookingsView.js"
import { anyPort } from "../http/network.js"

/** Gives everybody the seats that he wants. */
const sellsSeatsTwice = Layer.effect(
  TicketReservation,
  Effect.map(TicketReservation, (reservation) =>
    TicketReservation.of({
      ...reservation,
      reserve: (_, __, [first, ...others]) =>
        Effect.map(DateTime.now, (now) => {
          const ticket = (seat: typeof first) => ({ seat, price: Money.of(1n) })
          const expiresAt = DateTime.addDuration(now, Duration.hours(6))
          return new SeatsHeld({ tickets: [ticket(first), ...others.map(ticket)], expiresAt })
        })
    })
  )
)

/** Says at once that a payment was taken, and tells no booking. */
const losesPayments = Layer.effect(
  PaymentInbox,
  Effect.map(PaymentInbox, (inbox) =>
    PaymentInbox.of({
      ...inbox,
      receive: (payment) => Effect.zipLeft(inbox.receive(payment), inbox.take(payment.paymentId)),
      waiting: () => Effect.succeed([])
    })
  )
)

/** Shows that a booking is confirmed, and not which tickets it has. */
const showsLess = Layer.effect(
  BookingsView,
  Effect.map(BookingsView, (view) => ({
    ...view,
    get: (key: string) =>
      Effect.map(
        view.get(key),
        Option.map((row) => ({ ...row, view: { ...row.view, tickets: [] } }))
      )
  }))
)

/** The application on a port of its own, on what is given in the place of its memory. */
const served = <A, E, R>(things: Layer.Layer<A, E, R>) =>
  App.pipe(Layer.provide(things), Layer.provide(Memory), Layer.provide(anyPort))

export const applications = {
  none: served(Layer.empty),
  seats: served(sellsSeatsTwice),
  payments: served(losesPayments),
  views: served(showsLess)
}
