/**
 * Commands a second on one node: journalled ones beside the empty ones of a stock entity, which is what a cluster costs
 * before anything is done. Each competitor has a process and a database of its own; they run in turn.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import { median, ratio, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import type { Measured, Window } from "../run/Meter.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import { type Competitor, competitors, keys, titles } from "./Competitor.js"
import * as Program from "./Program.js"

export interface Plan extends Window {
  readonly rounds: number
}

/** With many keys, a longer run-up: the first command of a key makes its entity, and is to be over when the clock runs. */
const widened = ({ measured, warmUp }: Window, count: number): Window => ({ warmUp: warmUp + 8 * count, measured })

const cellName = (competitor: Competitor, count: number): string => `${competitor} ${count}`

export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const { measured, rounds, warmUp } = plan
    const workers = yield* Effect.forEach(competitors, Program.start)
    const cells = (window: Window) =>
      keys.map((count) =>
        workers.map(
          ([competitor, worker]) =>
            [
              cellName(competitor, count),
              () => worker.call("send", { command: "add", keys: count, first: false, ...widened(window, count) })
            ] as const
        )
      )
    yield* Screen.say("rate: warming up")
    yield* Rounds.once(0, cells({ warmUp: 0, measured }), new Map())
    const series = new Map<string, Array<Measured>>()
    for (let nth = 0; nth < rounds; nth++) {
      yield* Screen.say(`rate: round ${nth + 1} of ${rounds}`)
      yield* Rounds.once(nth, cells({ warmUp, measured }), series)
    }
    return report(series)
  }).pipe(Effect.scoped)

const report = (series: Rounds.Series<Measured>): Findings => {
  const of = (competitor: Competitor, count: number, figure: (cell: Measured) => number) =>
    (series.get(cellName(competitor, count)) ?? []).map(figure)
  const rates = (competitor: Competitor, count: number) => of(competitor, count, (cell) => cell.perSecond)
  const times = (competitor: Competitor, count: number) => ratio(rates(competitor, count), rates("empty", count))
  const head = ["", ...keys.map((count) => (count === 1 ? "1 key" : `${count} keys`))]
  const each = (figure: (competitor: Competitor, count: number) => number) =>
    Object.fromEntries(competitors.flatMap((one) => keys.map((count) => [`${one}${count}`, figure(one, count)])))

  return {
    tables: [
      {
        title: "Commands a second on one node, a caller a key (and how many times as many as empty ones)",
        head,
        rows: competitors.map((one) => [
          titles[one],
          ...keys.map((count) => {
            const rate = text(median(rates(one, count)))
            return one === "empty" ? rate : `${rate} (${times(one, count).toFixed(2)}x)`
          })
        ])
      },
      {
        title: "Milliseconds a command, p50 / p99",
        head,
        rows: competitors.map((one) => [
          titles[one],
          ...keys.map((count) => {
            const ms = (q: "p50" | "p99") => median(of(one, count, ({ latencyMs }) => latencyMs[q])).toFixed(1)
            return `${ms("p50")} / ${ms("p99")}`
          })
        ])
      }
    ],
    summary: {
      ratios: Object.fromEntries(
        competitors
          .filter((one) => one !== "empty")
          .flatMap((one) => keys.map((count) => [`${one}VsEmpty${count}`, times(one, count)]))
      ),
      perSecond: each((one, count) => median(rates(one, count))),
      cpuMicros: each((one, count) => median(of(one, count, ({ cpuMicros }) => cpuMicros)))
    },
    raw: Object.fromEntries(series)
  }
}
