/** What a person may ask of the program on its command line. */
import { parseArgs } from "node:util"
import { Data, Effect } from "effect"

const parts = ["journal", "processing", "swap"] as const
export type Part = (typeof parts)[number]

export interface Options {
  readonly seed: number
  /** Events that the journal's part writes at the least; everything else of it grows with them. */
  readonly events: number
  /** What the parts of distributed processing and of swaps do to their nodes and to Postgres. */
  readonly faults: number
  readonly only: ReadonlyArray<Part>
  /** Only tells what the options are. */
  readonly help: boolean
}

export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

const quick = { events: 1_000_000, faults: 14 }
const full = { events: 10_000_000, faults: 300 }

export const usage = `pnpm chaos [--quick | --full] [--events N] [--faults N] [--seed N] [--only PART,…]

  --quick       a million events, 14 faults: each part takes two to three minutes on two cores (this, unless told
                otherwise)
  --full        ten million, 300
  --events N    so many events, 10000 to 20000000, in the part journal; its faults and cuts grow with them
  --faults N    so many faults, 1 to 1000, in the parts processing and swap, which share their nodes
  --seed N      what is done to it, and when; a random one is printed otherwise
  --only PART,… only these parts of it: ${parts.join(", ")}

Everything runs on a Postgres of its own, started for it and removed afterwards.`

const integer = (name: string, given: string, min: number, max: number) => {
  const value = Number(given)
  return /^\d+$/.test(given) && value >= min && value <= max
    ? Effect.succeed(value)
    : new UsageError({ message: `--${name} takes an integer of ${min} to ${max}, not "${given}"` })
}

export const parse = (args: ReadonlyArray<string>, randomSeed: number): Effect.Effect<Options, UsageError> =>
  Effect.gen(function* () {
    const { values } = yield* Effect.try({
      try: () =>
        parseArgs({
          // pnpm hands a separating "--" on
          args: args.filter((arg) => arg !== "--"),
          options: {
            quick: { type: "boolean" },
            full: { type: "boolean" },
            events: { type: "string" },
            faults: { type: "string" },
            seed: { type: "string" },
            only: { type: "string" },
            help: { type: "boolean", short: "h" }
          }
        }),
      catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
    })
    if (values.quick === true && values.full === true) {
      return yield* new UsageError({ message: "--quick and --full do not go together" })
    }
    const size = values.full === true ? full : quick
    const wanted: ReadonlyArray<string> = values.only?.split(",") ?? parts
    const only = parts.filter((part) => wanted.includes(part))
    if (only.length < wanted.length) {
      return yield* new UsageError({ message: `--only takes some of ${parts.join(", ")}, not "${values.only}"` })
    }
    return {
      seed: values.seed === undefined ? randomSeed : yield* integer("seed", values.seed, 0, 2 ** 31 - 1),
      events: values.events === undefined ? size.events : yield* integer("events", values.events, 10_000, 20_000_000),
      faults: values.faults === undefined ? size.faults : yield* integer("faults", values.faults, 1, 1000),
      only,
      help: values.help ?? false
    }
  })
