/**
 * For operators: whether this node is alive, whether it can serve, what the processes of the whole cluster do, and what has
 * happened to a booking.
 *
 * It can serve when the storage answers and every process that ought to run does, somewhere. A process changes its node
 * within seconds when one dies; that long it may be idle without all nodes turning clients away.
 */
import { DistributedProcessing, type ProcessStatus } from "@aecor/core"
import { HttpApiBuilder } from "@effect/platform"
import { Chunk, Effect, Option, Stream } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import type { BookingId } from "../domain/Ids.js"
import { deployments } from "../processes.js"
import { Bookings } from "../view/Bookings.js"
import { BookingApi, NotReady } from "./BookingApi.js"
import { unavailable } from "./HttpError.js"

const patience = "2 seconds"

const names = deployments.map(({ name }) => name)

const examine = Effect.gen(function* () {
  const view = yield* Bookings
  yield* view.get("")
  const { late, ready: healthy, starting, unknown } = yield* DistributedProcessing.health({ deployments: names })
  const idle = [...late, ...starting]
  const found = deployments.map(({ name, processes }) => ({
    name,
    processes: processes.length,
    running: unknown.includes(name) ? 0 : processes.length - idle.filter((_) => _.deployment === name).length
  }))
  return { found, healthy }
})

const ready = examine.pipe(
  Effect.timeout(patience),
  Effect.catchAll((error) =>
    Effect.zipRight(Effect.logWarning("not ready", error), new NotReady({ storage: false, deployments: [] }))
  ),
  Effect.flatMap(({ found, healthy }) =>
    healthy ? Effect.succeed({ deployments: found }) : new NotReady({ storage: true, deployments: found })
  )
)

/** An age that the clock cannot tell is none. */
const shown = (status: ProcessStatus.ProcessStatus) => ({
  ...status,
  since: Option.liftPredicate(status.since, Number.isFinite),
  sinceBeat: Option.filter(status.sinceBeat, Number.isFinite)
})

const processes = Effect.forEach(names, DistributedProcessing.status).pipe(
  Effect.map((all) => all.flat().map(shown)),
  Effect.catchTag("ProcessLeaseError", unavailable)
)

const events = (bookingId: BookingId) =>
  Stream.unwrap(Effect.map(BookingJournal, (journal) => journal.read(bookingId, 1))).pipe(
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    Effect.catchAll(unavailable)
  )

export const NodeHttp = HttpApiBuilder.group(BookingApi, "node", (handlers) =>
  handlers
    .handle("health", () => Effect.succeed({ status: "alive" } as const))
    .handle("ready", () => ready)
    .handle("processes", () => processes)
    .handle("events", ({ path: { bookingId } }) => events(bookingId))
)
