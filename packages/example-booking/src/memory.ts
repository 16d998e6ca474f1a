/**
 * Everything the application stands on, in the memory of one process: for tests and trials.
 */
import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { ViewAliases } from "@aecor/projection"
import { Layer } from "effect"
import { BookingJournal } from "./domain/Booking.js"
import * as MemoryTicketReservation from "./reservation/MemoryTicketReservation.js"
import { BookingsView } from "./view/BookingsView.js"
import { NextBookingsView } from "./view/NextBookingsView.js"

export const Memory = Layer.mergeAll(
  EntityHost.layerLocal,
  DistributedProcessing.layerLocal,
  BookingJournal.layerMemory,
  BookingsView.layerMemory,
  NextBookingsView.layerMemory,
  ViewAliases.layerMemory,
  OffsetStore.layerMemory,
  MemoryTicketReservation.layer()
).pipe(Layer.provideMerge(ProcessLease.layerMemory))
