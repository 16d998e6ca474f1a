/**
 * The processes of the application: every node deploys them all, and each runs on one node at a time.
 */
import { DistributedProcessing } from "@aecor/core"
import { Config, Effect, Layer } from "effect"
import { bookingConfirmation } from "./process/BookingConfirmation.js"
import { bookingExpiration } from "./process/BookingExpiration.js"
import { bookingPayment } from "./process/BookingPayment.js"
import { bookingRelease } from "./process/BookingRelease.js"
import { bookingView } from "./view/BookingsView.js"
import { nextBookingView } from "./view/NextBookingsView.js"

/** Those that read the journal: `ops repartition` gives each of them as many processes as it has partitions. */
export const projections = [bookingView, bookingConfirmation, bookingRelease] as const

export const deployments = [...projections, bookingExpiration, bookingPayment] as const

// a node whose code has another number of partitions than the journal waits until `ops repartition` has been run
const settings = { onMismatch: "wait" } as const

/** The next version of the view, on nodes that are told to fill it: before it serves, while it does, or after. */
const next = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.boolean("NEXT_VIEW"), false), (isWanted) =>
    isWanted ? DistributedProcessing.deploy(nextBookingView.name, nextBookingView.processes, settings) : Layer.empty
  )
)

export const layer = Layer.mergeAll(
  next,
  DistributedProcessing.deploy(bookingView.name, bookingView.processes, settings),
  DistributedProcessing.deploy(bookingConfirmation.name, bookingConfirmation.processes, settings),
  DistributedProcessing.deploy(bookingRelease.name, bookingRelease.processes, settings),
  DistributedProcessing.deploy(bookingExpiration.name, bookingExpiration.processes, settings),
  DistributedProcessing.deploy(bookingPayment.name, bookingPayment.processes, settings)
)
