/**
 * What an operator does to the running application, beside its nodes and with the code of the release that is to be:
 *
 * - `ops repartition [--from N]`: gives the journal as many partitions as the code says, and the projections as many
 *   processes. `--from` says how many it had, where it does not know.
 * - `ops reshape DEPLOYMENT PROCESSES`: gives a deployment another number of processes.
 *
 * Each may be run again, and goes on where it was stopped. The answer is a line of JSON.
 */
import { parseArgs } from "node:util"
import { Deployment } from "@aecor/core"
import { Repartition } from "@aecor/projection"
import { Console, Data, Effect, Layer } from "effect"
import { Database } from "./database.js"
import { BookingJournal } from "./domain/Booking.js"
import { Migrations, Stores } from "./postgres.js"
import { projections } from "./processes.js"
import { runMain } from "./runMain.js"

class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

const positive = (what: string, given: string | undefined) => {
  const value = Number(given)
  return Number.isInteger(value) && value > 0
    ? Effect.succeed(value)
    : new UsageError({ message: `${what} must be a positive integer, not ${JSON.stringify(given)}` })
}

const parse = Effect.try({
  try: () => {
    const { positionals, values } = parseArgs({
      // pnpm hands a separating "--" on
      args: process.argv.slice(2).filter((arg) => arg !== "--"),
      allowPositionals: true,
      options: { from: { type: "string" } }
    })
    return { positionals, from: values.from }
  },
  catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
})

const ops = Effect.gen(function* () {
  const { from, positionals } = yield* parse
  const [command, ...rest] = positionals
  if (command === "repartition" && rest.length === 0) {
    const had = from === undefined ? {} : { from: yield* positive("--from", from) }
    return yield* Repartition.run(BookingJournal, projections, had)
  }
  const [deployment, count] = rest
  if (command === "reshape" && deployment !== undefined && rest.length === 2) {
    return yield* Deployment.reshape(deployment, { processes: yield* positive("PROCESSES", count) })
  }
  return yield* new UsageError({ message: "usage: ops repartition [--from N] | ops reshape DEPLOYMENT PROCESSES" })
})

runMain(
  Effect.flatMap(ops, (report) => Console.log(JSON.stringify(report))).pipe(
    Effect.provide(Stores.pipe(Layer.provide(Migrations), Layer.provide(Database)))
  )
)
