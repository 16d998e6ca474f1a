/**
 * Everything the application stands on, in the memory of one process: for tests and trials.
 */
import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { Effect, Layer } from "effect"
import { BookingJournal } from "./domain/Booking.js"
import * as MemoryPaymentInbox from "./payment/MemoryPaymentInbox.js"
import * as MemoryTicketReservation from "./reservation/MemoryTicketReservation.js"
import * as Settings from "./Settings.js"
import { BookingsView } from "./view/BookingsView.js"
import * as DueBookings from "./view/DueBookings.js"

const stores = Layer.mergeAll(
  BookingJournal.layerMemory,
  Layer.provideMerge(DueBookings.layerMemory, BookingsView.layerMemory),
  OffsetStore.layerMemory,
  Layer.unwrapEffect(Effect.map(Settings.Settings, (settings) => MemoryTicketReservation.layer(settings))),
  MemoryPaymentInbox.layer
)

/** With settings of its own. */
export const memoryWith = (settings: Partial<Settings.Settings["Type"]>) =>
  Layer.mergeAll(EntityHost.layerLocal, DistributedProcessing.layerLocal, stores).pipe(
    Layer.provideMerge(ProcessLease.layerMemory),
    Layer.provideMerge(Settings.layer(settings))
  )

export const Memory = memoryWith({})
