/**
 * Tries the library's claims on real processes and a real Postgres while both are being killed. Ends with one line of
 * JSON, and with a failed exit if any of its counts is not what it must be.
 */
import { Cause, Console, Data, Duration, Effect, Option } from "effect"
import * as Journal from "./journal/part.js"
import * as Options from "./options.js"
import * as Processing from "./processing/part.js"
import * as Main from "./run/main.js"
import * as Screen from "./run/screen.js"

class ChaosFailed extends Data.TaggedError("ChaosFailed")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const options = yield* Options.parse(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31))
  if (options.help) return yield* Console.log(Options.usage)
  /** Parts that run together, if one of them is asked for; they say whether all was well, with their figures. */
  const run = <A extends object, E, R>(
    parts: ReadonlyArray<Options.Part>,
    effect: Effect.Effect<{ readonly ok: boolean; readonly figures: A }, E, R>
  ) =>
    Effect.gen(function* () {
      if (!parts.some((part) => options.only.includes(part))) return { ok: true, figures: undefined }
      const [took, { figures, ok }] = yield* Effect.timed(effect)
      const all = { ...figures, seconds: Math.round(Duration.toSeconds(took)) }
      yield* Console.log(`\n${Screen.table(Object.entries(all))}\n`)
      return { ok, figures: all }
    })
  const journal = yield* run(["journal"], Journal.run(options))
  const processing = yield* run(["processing", "swap"], Processing.run(options))
  const chaos = { seed: options.seed, ...processing.figures, journal: journal.figures }
  yield* Console.log(JSON.stringify({ chaos }))
  if (!journal.ok || !processing.ok) return yield* new ChaosFailed({ message: "a count is not what it must be" })
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

Main.run(main, { disableErrorReporting: true })
