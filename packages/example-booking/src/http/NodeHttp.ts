/**
 * Whether this node is alive, and whether it can serve.
 *
 * It can when the storage answers and somebody runs every process that ought to run. A process changes its node within
 * seconds when one dies; that long it may be silent without all nodes turning clients away.
 */
import { DistributedProcessing, type Lease } from "@aecor/core"
import { HttpApiBuilder } from "@effect/platform"
import { Duration, Effect, Option } from "effect"
import { deployments } from "../processes.js"
import { BookingsView } from "../view/BookingsView.js"
import { BookingApi, NotReady } from "./BookingApi.js"

const handover = Duration.seconds(10)
const patience = "2 seconds"

/** A process that was stopped on purpose is as it should be. */
const isInOrder = ({ desired, sinceBeat }: Lease.ProcessRow): boolean =>
  !desired || Option.exists(sinceBeat, (age) => age <= Duration.toMillis(handover))

const examine = Effect.gen(function* () {
  const view = yield* BookingsView
  yield* view.get("")
  return yield* Effect.forEach(deployments, ({ name, processes }) =>
    Effect.map(DistributedProcessing.status(name), (rows) => ({
      name,
      processes: processes.length,
      running: rows.filter(isInOrder).length
    }))
  )
})

const ready = examine.pipe(
  Effect.timeout(patience),
  Effect.catchAll((error) =>
    Effect.zipRight(Effect.logWarning("not ready", error), new NotReady({ storage: false, deployments: [] }))
  ),
  Effect.flatMap((found) =>
    found.every(({ processes, running }) => running >= processes)
      ? Effect.succeed({ deployments: found })
      : new NotReady({ storage: true, deployments: found })
  )
)

export const NodeHttp = HttpApiBuilder.group(BookingApi, "node", (handlers) =>
  handlers.handle("health", () => Effect.succeed({ status: "alive" } as const)).handle("ready", () => ready)
)
