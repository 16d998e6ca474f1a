/**
 * The processes of the application: every node deploys them all, and each runs on one node at a time.
 */
import { DistributedProcessing } from "@aecor/core"
import { Config, Effect, Layer } from "effect"
import { bookingConfirmation } from "./process/BookingConfirmation.js"
import { bookingView } from "./view/BookingsView.js"
import { nextBookingView } from "./view/NextBookingsView.js"

export const deployments = [bookingView, bookingConfirmation] as const

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
  DistributedProcessing.deploy(bookingConfirmation.name, bookingConfirmation.processes, settings)
)
