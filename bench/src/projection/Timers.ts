/** What timers cost that are not due: a look of the process that fires them, with a thousand pending and with a million. */
import { Timers } from "@aecor/projection"
import { Duration, Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { median, text } from "../run/Figures.js"
import * as Screen from "../run/Screen.js"
import * as Programs from "./Programs.js"

const [few, many] = [1000, 1_000_000]
const looks = 1000
/** A process looks twice in this time. */
const lookedPerSecond = 2 / Duration.toSeconds(Timers.horizon)

const measure = (pending: number) =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const process = yield* Programs.timers
    yield* Screen.say(`timers: ${pending.toLocaleString("en-US")} pending`)
    return yield* process.call("look", { url, pending, looks })
  }).pipe(Effect.scoped)

export const run: Part = Effect.gen(function* () {
  const all = [yield* measure(few), yield* measure(many)] as const
  const [ofFew, ofMany] = all
  return {
    tables: [
      {
        title: `One look at the timers of a name, ${lookedPerSecond} a second at rest`,
        head: ["pending", "median ms", "buffers"],
        rows: all.map(({ buffers, ms, pending }) => [text(pending), text(median(ms)), text(buffers)])
      }
    ],
    summary: {
      timers: {
        looksPerSecond: lookedPerSecond,
        msOfThousand: median(ofFew.ms),
        msOfMillion: median(ofMany.ms),
        buffersOfThousand: ofFew.buffers,
        buffersOfMillion: ofMany.buffers
      }
    },
    raw: all
  }
})
