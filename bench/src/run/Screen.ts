/** What a person sees while a benchmark runs: on the standard error, so that the output holds the results alone. */
import { Effect } from "effect"

const startedAt = performance.now()

/** A line of progress. */
export const say = (line: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    process.stderr.write(`${seconds.padStart(5)} s  ${line}\n`)
  })
