/**
 * How much memory a process takes to read a long journal by tag: above what it takes idle, with the journal open and
 * nothing read. Each reading has a process of its own.
 */
import { Effect } from "effect"
import type { Failed } from "../run/Benchmark.js"
import { text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Worker from "../run/Worker.js"
import type * as Filled from "./Filled.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import type { Memory } from "./programs/memory.js"

/** How the twenty tags are read: one after the other, or all at once, as a node does that runs all of a projection. */
const ways = [
  { name: "oneReader", title: "tag by tag", atOnce: 1 },
  { name: "twentyReaders", title: "all tags at once", atOnce: 20 }
] as const

const measure = (url: string, events: number, way: (typeof ways)[number]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const reader = yield* Worker.start<Memory>(Programs.file("memory"))
      const { idle, peak, read } = yield* reader.call("read", { url, events, atOnce: way.atOnce })
      return { ...way, events, read, idleMb: idle / 2 ** 20, aboveIdleMb: (peak - idle) / 2 ** 20 }
    })
  )

export const run = (plan: Plan, journals: Filled.Journals): Effect.Effect<Findings, Failed, Worker.Flags> =>
  Effect.gen(function* () {
    const measured = yield* Effect.forEach(plan.memory, (size) =>
      Effect.gen(function* () {
        const { store, url } = journals.of(size)
        yield* store(["journal"])
        return yield* Effect.forEach(ways, (way) => measure(url, size, way))
      })
    )
    const all = measured.flat()
    const key = ({ events, name }: (typeof all)[number]) => `${name}1e${Math.round(Math.log10(events))}`
    return {
      tables: [
        {
          title: "Megabytes of memory (RSS) while reading by tag, decoded",
          head: ["", "events", "idle", "above idle, peak"],
          rows: all.map((one) => [one.title, text(one.read), text(one.idleMb), text(one.aboveIdleMb)])
        }
      ],
      summary: { rssMb: Object.fromEntries(all.map((one) => [key(one), one.aboveIdleMb])) },
      raw: all
    }
  })
