/** A program that is run on this machine: its options, what it says when it is used wrongly, and how it ends. */
import type { HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { UsageError } from "../commandLine.js"
import { runMain } from "../runMain.js"
import * as Options from "./options.js"

export interface Program<O extends Options.Options, E> {
  /** How it is called. */
  readonly command: string
  readonly options: O
  /** What else it heeds, by name. */
  readonly more: Readonly<Record<string, string>>
  readonly run: (options: Options.Values<O>) => Effect.Effect<void, E, HttpClient.HttpClient>
}

/** Runs it, until it ends or is interrupted. */
export const main = <O extends Options.Options, E>({ command, more, options, run }: Program<O, E>): void => {
  const usage = Options.usage(command, options, more)
  const program = Effect.gen(function* () {
    const values = yield* Options.parse(options, process.argv.slice(2))
    yield* values === undefined ? Console.log(usage) : run(values)
  }).pipe(
    Effect.mapError((error) =>
      error instanceof UsageError ? new UsageError({ message: `${error.message}\n\n${usage}` }) : error
    )
  )
  // A terminal, pnpm and a shell may each pass the same Ctrl-C on; only the first one counts, and cleaning up is not cut off.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined)
  runMain(program.pipe(Effect.provide(NodeHttpClient.layerUndici)))
}
