/**
 * The load program: a sale over HTTP, with a rush at its opening, many that want the same seats, cancellations and
 * payments. It tells how many commands a second were answered, how fast, and how soon the view showed them, and checks
 * what has to be true afterwards.
 *
 * Ends with one line of JSON, and with a failed exit where a check fails.
 */
import { Clock, Console, Data, Effect, Random, Schedule } from "effect"
import { UsageError } from "./commandLine.js"
import * as Evidence from "./load/Evidence.js"
import * as Latency from "./load/Latency.js"
import * as Plan from "./load/Plan.js"
import * as Report from "./load/Report.js"
import * as Sale from "./load/Sale.js"
import * as Fleet from "./run/fleet.js"
import * as Front from "./run/front.js"
import * as Options from "./run/options.js"
import * as Program from "./run/program.js"
import * as Screen from "./run/screen.js"

/** How many customers are served at once, unless it is said. */
const usualConcurrency = 64

const options = {
  bookings: Options.integer("bookings, one a customer", { min: 1, max: 100_000 }, 2000),
  concerts: Options.integer("concerts that are sold", { min: 1, max: Plan.concerts }, Plan.concerts),
  seats: Options.integer("the most seats that a booking wants", { min: 1, max: 10 }, 4),
  concurrency: Options.integer(
    "customers served at once, the others wait outside",
    { min: 1, max: 2000 },
    undefined,
    String(usualConcurrency)
  ),
  rate: Options.integer(
    "customers a second instead, after a rush; none of them waits",
    { min: 1, max: 10_000 },
    undefined,
    "all are there at the opening"
  ),
  seed: Options.integer("who wants what", { min: 0, max: 2 ** 31 - 1 }, undefined, "a random one, which is told"),
  nodes: Options.nodes(1),
  url: Options.url("a service that runs already, instead of nodes of its own"),
  keep: Options.keep
}

type Given = Options.Values<typeof options>

class LoadFailed extends Data.TaggedError("LoadFailed")<{ readonly message: string }> {}

/** The nodes that are sold at, and what their processors have done so far. */
const open = ({ keep, nodes: count, url }: Given) =>
  Effect.gen(function* () {
    if (url !== undefined) return { targets: [{ url }], cpu: Effect.succeed(undefined), sayLogs: Effect.void }
    const { nodes, sayLogs } = yield* Fleet.make({ nodes: count, keep })
    const cpu = Effect.map(Effect.all(nodes.map((node) => node.cpu)), (all) => all.reduce((sum, one) => sum + one, 0))
    return { targets: nodes, cpu, sayLogs }
  })

const load = (given: Given) =>
  Effect.gen(function* () {
    if (given.rate !== undefined && given.concurrency !== undefined) {
      return yield* new UsageError({ message: "--rate and --concurrency do not go together" })
    }
    const seed = given.seed ?? (yield* Random.nextIntBetween(0, 2 ** 31))
    const { cpu, sayLogs, targets } = yield* open(given)
    const front = yield* Front.make(() => targets)
    const customers = yield* Plan.make({ ...given, seed })
    const run = (yield* Clock.currentTimeMillis).toString(36)
    const sale = Sale.make()
    const concurrency = given.rate === undefined ? (given.concurrency ?? usualConcurrency) : "unbounded"
    yield* Screen.say(
      `selling ${given.concerts} concerts to ${given.bookings} customers, ` +
        `${given.rate === undefined ? `${concurrency} at once` : `${given.rate} a second`}, seed ${seed}`
    )
    const progress = Effect.suspend(() =>
      Screen.showProgress(
        `${Screen.bar(sale.bookings.length / given.bookings)} ${sale.bookings.length} bookings, ` +
          `${sale.payments.length} payments, ${sale.commands.count()} commands answered`
      )
    )
    const before = yield* cpu
    const seconds = yield* Effect.raceFirst(
      Sale.sell(sale, { front, customers, concurrency, run }),
      Effect.zipRight(Effect.repeat(progress, Schedule.spaced(Screen.progressInterval)), Effect.never)
    )
    yield* Screen.endProgress
    const after = yield* cpu
    yield* Screen.say("waiting for the last bookings and payments, then checking them all")
    const evidence = yield* Evidence.gather(front, sale.bookings, sale.payments)
    const spent = before === undefined || after === undefined ? undefined : after - before
    for (const line of Report.lines(sale, evidence, { seconds, repeated: front.counts.repeated, cpu: spent })) {
      yield* Screen.say(line)
    }
    yield* sayLogs
    return {
      commandsPerSecond: Math.round(sale.commands.count() / seconds),
      p50Ms: Latency.rounded(sale.commands.quantile(0.5)),
      p99Ms: Latency.rounded(sale.commands.quantile(0.99)),
      viewP99Ms: Latency.rounded(sale.views.quantile(0.99)),
      ...Report.wrong(sale, evidence)
    }
  }).pipe(Effect.scoped)

Program.main({
  command: "pnpm --filter example-booking load",
  options,
  more: {
    DATABASE_URL: "the Postgres for nodes of its own, instead of an embedded one; they get a database of their own",
    OPERATOR_TOKEN: "the operators' token, where the service of --url has one"
  },
  run: (given) =>
    Effect.gen(function* () {
      const result = yield* load(given)
      yield* Console.log(JSON.stringify({ load: result }))
      const { paymentsLost, seatsSoldTwice, viewsWrong } = result
      if (paymentsLost + seatsSoldTwice + viewsWrong > 0) {
        return yield* new LoadFailed({ message: "a count that ought to be 0 is not" })
      }
    })
})
