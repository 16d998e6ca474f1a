/**
 * Tries the library's claims on real processes and a real Postgres while both are being killed. Ends with one line of
 * JSON, and with a failed exit if any of its counts is not what it must be.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Data, Effect, Option } from "effect"
import * as Journal from "./journal/part.js"
import * as Options from "./options.js"
import * as Screen from "./run/screen.js"

class ChaosFailed extends Data.TaggedError("ChaosFailed")<{ readonly message: string }> {}

/** Each part runs on its own and says whether all was well, with its figures. */
const parts = { journal: Journal.run } satisfies Record<Options.Part, unknown>

const main = Effect.gen(function* () {
  const options = yield* Options.parse(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31))
  if (options.help) return yield* Console.log(Options.usage)
  for (const part of options.only) {
    const { figures, ok } = yield* parts[part](options)
    const seconds = Math.round(Screen.secondsSinceStart())
    yield* Console.log(`\n${Screen.table(Object.entries({ ...figures, seconds }))}\n`)
    yield* Console.log(JSON.stringify({ chaos: { ...figures, seconds } }))
    if (!ok) return yield* new ChaosFailed({ message: "a count is not what it must be" })
  }
}).pipe(
  Effect.catchTag("UsageError", ({ message }) => new ChaosFailed({ message: `${message}\n\n${Options.usage}` })),
  Effect.tapErrorCause((cause) => (Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(describe(cause))))
)

/** An expected failure is one line that says what is wrong, a defect its cause. */
const describe = (cause: Cause.Cause<unknown>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Cause.pretty(cause),
    onSome: (error) => (error instanceof Error ? error.message : String(error))
  })

// A terminal, pnpm and a shell may each pass the same Ctrl-C on; only the first one counts, and cleaning up is not cut off.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined)

NodeRuntime.runMain(main, { disableErrorReporting: true })
