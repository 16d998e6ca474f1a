/**
 * Events read a second, by key and by tag, with everything that a reader of the journal gets (decoded events), beside
 * the same rows read by hand with their JSON parsed, and Emmett's readers.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { median, ratio, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import type { Timed } from "./Timed.js"

/** Events an entity, and the share of the events that are in such entities. */
const kinds = {
  short: { length: 10, share: 0.2 },
  long: { length: 1000, share: 0.8 }
}
type Kind = (typeof kinds)[keyof typeof kinds]

const keysOf = (events: number, { length, share }: Kind): ReadonlyArray<string> =>
  Array.from({ length: (events * share) / length }, (_, n) => `booking-${length}-${n}`)

const readings = ["readByKey10", "readByKey1000", "readByTag"] as const
const titles: Readonly<Record<(typeof readings)[number], string>> = {
  readByKey10: "by key, 10 events each",
  readByKey1000: "by key, 1,000 events each",
  readByTag: "all, by tag (Emmett: its log)"
}
const competitors = ["Ours", "Raw", "Emmett"] as const

const rate = ({ events, ms }: Timed): number => (events * 1000) / ms

/** A reader that must see every event: otherwise the figures compare nothing. */
const cell = <E, R>(name: string, events: number, reading: Effect.Effect<Timed, E, R>) =>
  [
    name,
    () =>
      Effect.tap(reading, (read) =>
        read.events === events
          ? Effect.void
          : Effect.dieMessage(`${name}: ${read.events} of ${events} events were read`)
      )
  ] as const

const measure = Effect.fnUntraced(function* (plan: Plan) {
  const { bare, emmett, ours } = yield* Programs.start
  const url = yield* Database.make
  yield* ours.call("open", url)
  yield* emmett.call("migrate", url)
  for (const kind of Object.values(kinds)) {
    const filling = { keys: keysOf(plan.read, kind), length: kind.length }
    yield* ours.call("fill", { url, ...filling })
    yield* emmett.call("fill", { url, ...filling })
  }
  yield* Database.settle(url)

  const byKey = (name: string, kind: Kind) => {
    const keys = keysOf(plan.read, kind)
    const events = keys.length * kind.length
    return [
      cell(`${name}Ours`, events, ours.call("readKeys", { url, keys })),
      cell(`${name}Raw`, events, bare.call("readKeys", { url, keys })),
      cell(`${name}Emmett`, events, emmett.call("readKeys", { url, keys }))
    ]
  }
  const cells = [
    byKey("readByKey10", kinds.short),
    byKey("readByKey1000", kinds.long),
    [
      cell("readByTagOurs", plan.read, ours.call("readTags", url)),
      cell("readByTagRaw", plan.read, bare.call("readTags", url)),
      cell("readByTagEmmett", plan.read, emmett.call("readAll", url))
    ]
  ]
  yield* Screen.say("read: warming up")
  yield* Rounds.run(1, cells)
  yield* Screen.say(`read: ${plan.rounds} rounds`)
  return yield* Rounds.run(plan.rounds, cells)
})

const report = (series: Rounds.Series<Timed>): Findings => {
  const rates = (name: string) => (series.get(name) ?? []).map(rate)
  return {
    tables: [
      {
        title: "Events read a second (and how many times as many we read)",
        head: ["", "aecor", "pg: the rows by hand", "Emmett 0.42"],
        rows: readings.map((name) => [
          titles[name],
          ...competitors.map((competitor) => {
            const own = rates(name + competitor)
            const times = competitor === "Ours" ? "" : ` (${ratio(rates(`${name}Ours`), own).toFixed(2)}x)`
            return text(median(own)) + times
          })
        ])
      }
    ],
    summary: {
      ratios: Object.fromEntries(
        readings.flatMap((name) =>
          (["Raw", "Emmett"] as const).map((other) => [
            `${name}Vs${other}`,
            ratio(rates(`${name}Ours`), rates(name + other))
          ])
        )
      ),
      perSecond: Object.fromEntries([...series.keys()].map((name) => [name, median(rates(name))])),
      cpuMicros: Object.fromEntries(
        [...series].map(([name, reads]) => [name, median(reads.map(({ cpuMicros }) => cpuMicros))])
      )
    },
    raw: Object.fromEntries(series)
  }
}

export const run = (plan: Plan): Part => Effect.scoped(Effect.map(measure(plan), report))
