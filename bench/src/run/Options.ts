/** What a person may ask of a benchmark on its command line. */
import { parseArgs } from "node:util"
import { Data, Effect } from "effect"

/** How much is measured: `quick` in about a minute, `full` with ten million events. */
export type Size = "quick" | "normal" | "full"

export interface Options<Part extends string> {
  readonly size: Size
  /** The parts to run, in the benchmark's own order. */
  readonly parts: ReadonlyArray<Part>
  /** How often each cell is measured; undefined for as often as the size says. */
  readonly rounds: number | undefined
  /** Writes a CPU profile of each process. */
  readonly profile: boolean
  /** Only tells what the options are. */
  readonly help: boolean
}

export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

export const usage = (benchmark: string, parts: ReadonlyArray<string>): string =>
  `pnpm bench ${benchmark} [--quick | --full] [--only part,…] [--rounds N] [--profile]

  --quick        fewer and shorter measurements: one to two minutes, of failovers six
  --full         ten million events as well: half an hour, and 15 GB of disk
  --only part,…  only these of: ${parts.join(", ")}
  --rounds N     measure each cell N times, 1 to 99
  --profile      write a CPU profile of each process beside the results
  DATABASE_URL   use this Postgres instead of an embedded one; databases are made in it and removed`

const roundsOf = (given: string | undefined) => {
  if (given === undefined) return Effect.succeed(undefined)
  const rounds = Number(given)
  return Number.isInteger(rounds) && rounds >= 1 && rounds <= 99
    ? Effect.succeed(rounds)
    : new UsageError({ message: `--rounds takes an integer of 1 to 99, not "${given}"` })
}

const partsOf = <Part extends string>(given: string | undefined, parts: ReadonlyArray<Part>) => {
  if (given === undefined) return Effect.succeed(parts)
  const wanted = given.split(",")
  const unknown = wanted.filter((part) => !parts.some((one) => one === part))
  return unknown.length === 0
    ? Effect.succeed(parts.filter((part) => wanted.includes(part)))
    : new UsageError({ message: `--only: there is no part ${unknown.map((part) => `"${part}"`).join(", ")}` })
}

/** Reads the arguments behind the benchmark's name; an option that is not known is refused by its name. */
export const parse = <Part extends string>(
  args: ReadonlyArray<string>,
  parts: ReadonlyArray<Part>
): Effect.Effect<Options<Part>, UsageError> =>
  Effect.gen(function* () {
    const { values } = yield* Effect.try({
      try: () =>
        parseArgs({
          // pnpm hands a separating "--" on
          args: args.filter((arg) => arg !== "--"),
          options: {
            quick: { type: "boolean", default: false },
            full: { type: "boolean", default: false },
            only: { type: "string" },
            rounds: { type: "string" },
            profile: { type: "boolean", default: false },
            help: { type: "boolean", short: "h", default: false }
          }
        }),
      catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
    })
    if (values.quick && values.full) {
      return yield* new UsageError({ message: "--quick and --full exclude each other" })
    }
    return {
      size: values.quick ? "quick" : values.full ? "full" : "normal",
      parts: yield* partsOf(values.only, parts),
      rounds: yield* roundsOf(values.rounds),
      profile: values.profile,
      help: values.help
    }
  })
