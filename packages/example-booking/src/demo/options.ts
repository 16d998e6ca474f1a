/** What a person may ask of the demo on its command line. */
import { parseArgs } from "node:util"
import { Data, Effect } from "effect"

export interface Options {
  /** Nodes at the start; one of them is killed half way, and one more joins. */
  readonly nodes: number
  /** Bookings that clients make at the least. */
  readonly bookings: number
  /** Leaves the database's folder and the nodes' logs where they are. */
  readonly keep: boolean
  /** Only tells what the options are. */
  readonly help: boolean
}

export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

export const usage = `pnpm demo [--nodes N] [--bookings N] [--keep]

  --nodes N      nodes at the start, 2 to 8 (3)
  --bookings N   bookings to make at the least, 10 to 100000 (3000)
  --keep         leave the database's folder and the nodes' logs
  DATABASE_URL   use this Postgres instead of an embedded one; the demo makes a database of its own in it`

/** An option that is an integer, or else the usual one. */
export const integer = (
  name: string,
  given: string | undefined,
  range: { readonly min: number; readonly max: number; readonly otherwise: number }
): Effect.Effect<number, UsageError> => {
  if (given === undefined) return Effect.succeed(range.otherwise)
  const value = Number(given)
  return Number.isInteger(value) && value >= range.min && value <= range.max
    ? Effect.succeed(value)
    : new UsageError({ message: `--${name} takes an integer of ${range.min} to ${range.max}, not "${given}"` })
}

export const parse = (args: ReadonlyArray<string>): Effect.Effect<Options, UsageError> =>
  Effect.gen(function* () {
    const { values } = yield* Effect.try({
      try: () =>
        parseArgs({
          // pnpm hands a separating "--" on
          args: args.filter((arg) => arg !== "--"),
          options: {
            nodes: { type: "string" },
            bookings: { type: "string" },
            keep: { type: "boolean" },
            help: { type: "boolean", short: "h" }
          }
        }),
      catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
    })
    return {
      nodes: yield* integer("nodes", values.nodes, { min: 2, max: 8, otherwise: 3 }),
      bookings: yield* integer("bookings", values.bookings, { min: 10, max: 100_000, otherwise: 3000 }),
      keep: values.keep ?? false,
      help: values.help ?? false
    }
  })
