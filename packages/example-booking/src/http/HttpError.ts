/**
 * What the service answers when it cannot do what it was asked, through no fault of the caller's: each a 503 by its own
 * name, to be tried again. What the infrastructure said is logged, not told.
 */
import type { CommandFailed, JournalError, Lease } from "@aecor/core"
import type { ViewAlias, ViewStore } from "@aecor/projection"
import { Effect, Schema } from "effect"
import type { PaymentInboxError } from "../payment/PaymentInbox.js"
import type { TicketReservationError } from "../reservation/TicketReservation.js"

/** The booking did not answer. Where `inDoubt`, the command may have taken effect; sending it again is safe. */
export class CommandNotAnswered extends Schema.TaggedError<CommandNotAnswered>()("CommandFailed", {
  reason: Schema.String,
  inDoubt: Schema.Boolean
}) {}

/** The view has not seen what the token stands for in time, or sets the booking aside until somebody has looked at it. */
export class ViewBehind extends Schema.TaggedError<ViewBehind>()("ViewBehind", {}) {}

export class StorageUnavailable extends Schema.TaggedError<StorageUnavailable>()("StorageUnavailable", {}) {}

export const notAnswered = (error: CommandFailed.CommandFailed): Effect.Effect<never, CommandNotAnswered> =>
  Effect.zipRight(Effect.logWarning(error), new CommandNotAnswered({ reason: error.reason, inDoubt: error.inDoubt }))

export const behind = (error: ViewStore.ReceiptTimeout | ViewStore.Quarantined): Effect.Effect<never, ViewBehind> =>
  Effect.zipRight(Effect.logInfo(error.message), new ViewBehind())

export const unavailable = (
  error:
    | ViewAlias.ReadError
    | JournalError.JournalError
    | TicketReservationError
    | PaymentInboxError
    | Lease.ProcessLeaseError
): Effect.Effect<never, StorageUnavailable> => Effect.zipRight(Effect.logWarning(error), new StorageUnavailable())
