/** Whether what failed may have failed because of a fault, or only because of what is tried here. */

interface Failure {
  readonly _tag: string
  readonly cause?: unknown
  readonly reason?: unknown
}

/** The server's word for connections that it ends or does not take, and for itself as it goes down; or no word at all. */
const ofServer = /^(08|53|57P|58|XX)/
const state = /^(?=.*\d)[0-9A-Z]{5}$/

/** A connection was lost, or the server was away. A deadlock is no fault, nor is a table that is not there. */
const isOfConnection = ({ cause }: Failure): boolean => {
  const code = String((cause as { readonly code?: unknown } | undefined)?.code)
  return !state.test(code) || ofServer.test(code)
}

export const isOfFault = (error: Failure): boolean => {
  switch (error._tag) {
    // later than it was waited for, or taken over by somebody else: nodes that are killed and frozen bring it about
    case "ReceiptTimeout":
    case "Fenced":
      return true
    case "JournalError":
      return error.reason === "Unavailable"
    case "SqlError":
      return isOfConnection(error)
    case "ViewStoreError":
    case "ViewAliasError":
    case "ProcessLeaseError": {
      const cause = error.cause as Failure | undefined
      return cause?._tag === "SqlError" && isOfConnection(cause)
    }
    default:
      return false
  }
}
