/**
 * The processes of the application: every node deploys them all, and each runs on one node at a time.
 */
import { DistributedProcessing } from "@aecor/core"
import { Layer } from "effect"
import { bookingConfirmation } from "./process/BookingConfirmation.js"
import { bookingView } from "./view/BookingsView.js"

export const deployments = [bookingView, bookingConfirmation] as const

// a node whose code has another number of partitions than the journal waits until `ops repartition` has been run
const settings = { onMismatch: "wait" } as const

export const layer = Layer.mergeAll(
  DistributedProcessing.deploy(bookingView.name, bookingView.processes, settings),
  DistributedProcessing.deploy(bookingConfirmation.name, bookingConfirmation.processes, settings)
)
