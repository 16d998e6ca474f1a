/**
 * Where a command's processor time goes on its way through the node that owns its entity: each step beside the one before,
 * and beside an empty command of a stock entity, which is what a message costs.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import { median, ratio, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import type { Measured } from "../run/Meter.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import type { Competitor } from "./Competitor.js"
import * as Program from "./Program.js"
import type { Plan } from "./Rate.js"
import type { Cell } from "./Sending.js"

/** As many callers as keep a node busy. */
const keys = 64

const steps = {
  known: { of: "cluster", command: "glance", first: false, is: "answered from what the entity knows (CachedRead)" },
  settled: {
    of: "cluster",
    command: "count",
    first: false,
    is: "the same, and the journal settles that it is the newest"
  },
  stored: { of: "cluster", command: "add", first: false, is: "with an event stored" },
  first: { of: "cluster", command: "add", first: true, is: "with an event stored, the first command of its key" },
  empty: { of: "empty", command: "add", first: false, is: "@effect/cluster: an empty command" },
  emptyFirst: {
    of: "empty",
    command: "add",
    first: true,
    is: "@effect/cluster: an empty command, the first of its key"
  }
} as const satisfies Record<string, Pick<Cell, "command" | "first"> & { readonly of: Competitor; readonly is: string }>

type Step = keyof typeof steps
const names = Object.keys(steps) as ReadonlyArray<Step>

export const run = ({ measured, rounds, warmUp }: Plan): Part =>
  Effect.gen(function* () {
    const workers = new Map(yield* Effect.forEach(["cluster", "empty"] as const, Program.start))
    const cells = names.flatMap((step) => {
      const { command, first, of } = steps[step]
      const worker = workers.get(of)
      const cell = { command, first, keys, warmUp: warmUp + 8 * keys, measured }
      return worker === undefined ? [] : [[step, () => worker.call("send", cell)] as const]
    })
    yield* Screen.say("way: warming up")
    yield* Rounds.once(0, [cells], new Map())
    yield* Screen.say(`way: ${rounds} rounds`)
    return report(yield* Rounds.run(rounds, [cells]))
  }).pipe(Effect.scoped)

const report = (series: Rounds.Series<Measured>): Findings => {
  const of = (step: Step, figure: (cell: Measured) => number) => (series.get(step) ?? []).map(figure)
  const micros = (step: Step) => median(of(step, ({ cpuMicros }) => cpuMicros))
  const rates = (step: Step) => of(step, ({ perSecond }) => perSecond)
  return {
    tables: [
      {
        title: `A command on its way through the node that owns its entity, ${keys} callers`,
        head: ["", "us of processor time", "a second"],
        rows: names.map((step) => [steps[step].is, micros(step).toFixed(0), text(median(rates(step)))])
      }
    ],
    summary: {
      ratios: { firstVsEmptyFirst: ratio(rates("first"), rates("emptyFirst")) },
      wayMicros: Object.fromEntries(names.map((step) => [step, micros(step)]))
    },
    raw: Object.fromEntries(series)
  }
}
