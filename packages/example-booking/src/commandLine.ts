/** What was typed on a command line, read: the words without options, and the options. */
import { parseArgs, type ParseArgsConfig } from "node:util"
import { Data, Effect } from "effect"

/** It cannot be meant: nothing was done. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

export const read = <const C extends ParseArgsConfig>(args: ReadonlyArray<string>, config: C) =>
  Effect.try({
    try: () =>
      parseArgs({
        ...config,
        // pnpm hands a separating "--" on
        args: args.filter((arg) => arg !== "--")
      }),
    catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
  })
