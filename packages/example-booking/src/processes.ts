/**
 * The processes of the application: every node deploys them all, and each runs on one node at a time.
 */
import { DistributedProcessing } from "@aecor/core"
import { Layer } from "effect"
import { bookingConfirmation } from "./process/BookingConfirmation.js"
import { bookingView } from "./view/BookingsView.js"

export const deployments = [bookingView, bookingConfirmation] as const

export const layer = Layer.mergeAll(
  DistributedProcessing.deploy(bookingView.name, bookingView.processes),
  DistributedProcessing.deploy(bookingConfirmation.name, bookingConfirmation.processes)
)
