/**
 * Everything the application stands on, in the memory of one process: for tests and trials.
 */
import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { ViewAliases } from "@aecor/projection"
import { Effect, Layer } from "effect"
import { BookingJournal } from "./domain/Booking.js"
import * as MemoryPaymentInbox from "./payment/MemoryPaymentInbox.js"
import * as MemoryTicketReservation from "./reservation/MemoryTicketReservation.js"
import * as Settings from "./Settings.js"
import { Bookings } from "./view/Bookings.js"
import { BookingsView } from "./view/BookingsView.js"
import * as DueBookings from "./view/DueBookings.js"
import { NextBookingsView } from "./view/NextBookingsView.js"

const stores = Layer.mergeAll(
  BookingJournal.layerMemory,
  BookingsView.layerMemory,
  NextBookingsView.layerMemory,
  ViewAliases.layerMemory,
  OffsetStore.layerMemory,
  Layer.unwrapEffect(Effect.map(Settings.Settings, (settings) => MemoryTicketReservation.layer(settings))),
  MemoryPaymentInbox.layer
)

// an instance of its own: what tests put in the place of the view below the queries is not below this one
const due = Layer.provide(DueBookings.layerMemory, Layer.fresh(Bookings.layer))

/** With settings of its own. */
export const memoryWith = (settings: Partial<Settings.Settings["Type"]>) =>
  Layer.mergeAll(EntityHost.layerLocal, DistributedProcessing.layerLocal, due).pipe(
    Layer.provideMerge(stores),
    Layer.provideMerge(ProcessLease.layerMemory),
    Layer.provideMerge(Settings.layer(settings))
  )

export const Memory = memoryWith({})
