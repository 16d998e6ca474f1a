import { Replay } from "@aecor/projection"
import { type DateTime, Effect } from "effect"
import { bookingView } from "../../src/view/BookingsView.js"

// Needs the journal, the view's store and the leases: no cluster. Run it with the code whose fold is right.
export const mend = (since: DateTime.Utc) =>
  Effect.gen(function* () {
    const found = yield* Replay.dryRun(bookingView, { since })
    yield* Effect.log(`${found.counts.Different} rows would be others`, found.samples)
    return yield* Replay.inPlace(bookingView, { since })
  })
