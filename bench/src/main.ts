/** `pnpm bench <benchmark> [options]`. */
import { Main } from "chaos/fleet"
import { Console, Effect, Layer } from "effect"
import { benchmark as commands } from "./commands/Benchmark.js"
import { benchmark as failover } from "./failover/Benchmark.js"
import { benchmark as journal } from "./journal/Benchmark.js"
import { benchmark as projection } from "./projection/Benchmark.js"
import * as Benchmark from "./run/Benchmark.js"
import * as Database from "./run/Database.js"
import * as Options from "./run/Options.js"
import * as Worker from "./run/Worker.js"

/** Runs a benchmark as its arguments say. */
const program = Effect.fnUntraced(function* <Part extends string>(
  benchmark: Benchmark.Benchmark<Part>,
  args: ReadonlyArray<string>
) {
  const usage = Options.usage(benchmark.name, benchmark.parts)
  const options = yield* Effect.mapError(
    Options.parse(args, benchmark.parts),
    ({ message }) => new Options.UsageError({ message: `${message}\n\n${usage}` })
  )
  if (options.help) return yield* Console.log(usage)
  const flags = options.profile ? Worker.Flags.layerProfile(Benchmark.folder) : Worker.Flags.layerNone
  yield* Benchmark.run(benchmark, options).pipe(Effect.provide(Layer.merge(Database.Server.layer, flags)))
})

const main = Effect.gen(function* () {
  const [name, ...args] = process.argv.slice(2)
  switch (name) {
    case journal.name:
      return yield* program(journal, args)
    case commands.name:
      return yield* program(commands, args)
    case failover.name:
      return yield* program(failover, args)
    case projection.name:
      return yield* program(projection, args)
    default:
      return yield* new Options.UsageError({
        message: "pnpm bench <benchmark>, which is one of: journal, commands, failover, projection"
      })
  }
}).pipe(
  Effect.catchAll((error) =>
    Effect.zipRight(
      Console.error(error.message),
      Effect.sync(() => (process.exitCode = 1))
    )
  )
)

Main.run(main)
