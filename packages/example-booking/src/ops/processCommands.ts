/** Commands about processes: how they are, whether they run, how many there are. */
import { Deployment, DistributedProcessing } from "@aecor/core"
import { Repartition } from "@aecor/projection"
import { PgCluster } from "@aecor/journal-pg"
import { Array as Arr, Effect, Layer, Option } from "effect"
import { UsageError } from "../commandLine.js"
import { BookingJournal } from "../domain/Booking.js"
import { deployments, projections } from "../processes.js"
import { bookingView } from "../view/BookingsView.js"
import { nextBookingView } from "../view/NextBookingsView.js"
import { type Arguments, integer, named } from "./Arguments.js"
import { type Command, told } from "./Command.js"

/** Every deployment that a node may host. */
const all = Arr.dedupeWith([...deployments, bookingView, nextBookingView], (one, other) => one.name === other.name)

/** Hosts nothing, and reaches the nodes that do. */
const Office = DistributedProcessing.layerCluster.pipe(Layer.provide(PgCluster.layerClientOnly()))

const status = {
  name: "status",
  usage: "status [DEPLOYMENT]",
  does: "every process: what it does, where, since when; 3 where one that should run does not",
  run: ({ words }: Arguments) =>
    Effect.gen(function* () {
      const names =
        words[0] === undefined ? all.map(({ name }) => name) : [(yield* named("DEPLOYMENT", all, words[0])).name]
      const rows = (yield* Effect.forEach(names, DistributedProcessing.status)).flat()
      const known = names.filter((name) => rows.some(({ deployment }) => deployment === name))
      const { ready } = yield* DistributedProcessing.health({ deployments: known })
      const value = rows.map(({ actual, deployment, desired, epoch, index, lastError, runner, since, starts }) => ({
        deployment,
        index,
        actual,
        desired,
        runner: Option.getOrNull(runner),
        epoch,
        starts,
        seconds: Number.isFinite(since) ? Math.round(since / 1000) : null,
        lastError: Option.getOrNull(lastError)
      }))
      return { value, isRight: ready }
    }).pipe(Effect.provide(Office))
} satisfies Command<unknown, unknown>

/** The kill switch of a deployment, or of one of its processes. */
const wish = (name: "stop" | "resume") => {
  const does = name === "stop" ? "stops its processes, or one, in the whole cluster, for good" : "lets them run again"
  const command = {
    name,
    usage: `${name} DEPLOYMENT [INDEX]`,
    does,
    run: ({ words: [deployment, index] }: Arguments) =>
      Effect.gen(function* () {
        const { name: wished } = yield* named("DEPLOYMENT", all, deployment)
        const killSwitch = yield* DistributedProcessing.killSwitch(wished)
        const number = index === undefined ? undefined : yield* integer("INDEX", index, 0)
        const process = number === undefined ? undefined : killSwitch.process(number)
        if (name === "stop") yield* process?.stop ?? killSwitch.shutdown
        else yield* process?.resume ?? killSwitch.resume
        return told({ deployment: wished, index: number ?? null, running: name === "resume" })
      }).pipe(Effect.provide(Office))
  } satisfies Command<unknown, unknown>
  return name === "resume"
    ? command
    : { ...command, asks: ({ words }: Arguments) => `${words[0]} will stand still until it is resumed. Stop it?` }
}

const repartition = {
  name: "repartition",
  usage: "repartition [--from N]",
  does: "gives the journal the partitions of this code, and the projections as many processes; --from: how many it had",
  run: ({ values: { from }, words }: Arguments) =>
    Effect.gen(function* () {
      if (words.length > 0) return yield* new UsageError({ message: "repartition takes no words" })
      const had = from === undefined ? {} : { from: yield* integer("--from", from, 1) }
      return told(yield* Repartition.run(BookingJournal, projections, had))
    })
} satisfies Command<unknown, unknown>

const reshape = {
  name: "reshape",
  usage: "reshape DEPLOYMENT PROCESSES",
  does: "gives a deployment another number of processes",
  run: ({ words: [deployment, count, ...more] }: Arguments) =>
    Effect.gen(function* () {
      if (deployment === undefined || more.length > 0) return yield* new UsageError({ message: "reshape what?" })
      return told(yield* Deployment.reshape(deployment, { processes: yield* integer("PROCESSES", count, 1) }))
    })
} satisfies Command<unknown, unknown>

export const processCommands = [status, wish("stop"), wish("resume"), repartition, reshape] as const
