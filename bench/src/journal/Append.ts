/**
 * Appends a second, ours beside: Emmett; the same row inserted by hand, which is what a program without any guarantee
 * pays; the same behind a lock an append, as journals without gaps are usually made; and COPY, the bound.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { median, ratio, text } from "../run/Figures.js"
import type { Findings, Table } from "../run/Findings.js"
import * as Rounds from "../run/Rounds.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import * as Screen from "../run/Screen.js"
import type { Written } from "./Writing.js"

const competitors = ["ours", "emmett", "bareInsert", "advisoryLock", "lockTable", "copy"] as const
type Competitor = (typeof competitors)[number]

const titles: Readonly<Record<Competitor, string>> = {
  ours: "aecor",
  emmett: "Emmett 0.42",
  bareInsert: "pg: the bare insert",
  advisoryLock: "pg: advisory lock an append",
  lockTable: "pg: LOCK TABLE an append",
  copy: "COPY"
}

/** What is compared with each other. */
interface Group {
  readonly name: string
  readonly writers: number
  readonly perAppend: number
  readonly competitors: ReadonlyArray<Competitor>
}

const single = (writers: number, others: ReadonlyArray<Competitor> = []): Group => ({
  name: `append${writers}`,
  writers,
  perAppend: 1,
  competitors: ["ours", "bareInsert", "emmett", "advisoryLock", "lockTable", ...others]
})

const groups: ReadonlyArray<Group> = [
  single(1),
  single(8),
  single(32),
  single(128),
  single(512, ["copy"]),
  { name: "append10x32", writers: 32, perAppend: 10, competitors: ["ours", "bareInsert", "emmett", "copy"] }
]

const cellName = (group: Group, competitor: Competitor): string => `${group.name} ${competitor}`

/** Writes a cell in a database of the round's own, where all tables began empty. */
const write = (programs: Programs.Programs, url: string, group: Group, competitor: Competitor, plan: Plan) => {
  const cell = { writers: group.writers, perAppend: group.perAppend, warmUp: plan.warmUp, measured: plan.measured }
  switch (competitor) {
    case "ours":
      return programs.ours.call("append", cell)
    case "emmett":
      return programs.emmett.call("append", { url, cell })
    case "copy":
      return programs.bare.call("copy", { url, cell })
    case "bareInsert":
      return programs.bare.call("append", { url, cell, strategy: "insert" })
    case "advisoryLock":
    case "lockTable":
      return programs.bare.call("append", { url, cell, strategy: competitor })
  }
}

/** All cells once, in a new database. */
const round = (programs: Programs.Programs, plan: Plan, series: Map<string, Array<Written>>, nth: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* Database.make
      yield* programs.ours.call("open", url)
      yield* programs.emmett.call("migrate", url)
      const cells = groups.map((group) =>
        group.competitors.map(
          (competitor) => [cellName(group, competitor), () => write(programs, url, group, competitor, plan)] as const
        )
      )
      yield* Rounds.once(nth, cells, series)
      yield* programs.ours.call("close", undefined)
    })
  )

const report = (series: Rounds.Series<Written>): Findings => {
  const rates = (group: Group, competitor: Competitor) =>
    (series.get(cellName(group, competitor)) ?? []).map(({ eventsPerSecond }) => eventsPerSecond)
  const others = (group: Group) => group.competitors.filter((competitor) => competitor !== "ours")

  const table: Table = {
    title: "Events appended a second (and how many times as many we append)",
    head: [
      "",
      ...groups.map(({ perAppend, writers }) =>
        perAppend === 1 ? `${writers} writers` : `${writers} x ${perAppend} events`
      )
    ],
    rows: competitors.map((competitor) => [
      titles[competitor],
      ...groups.map((group) => {
        const own = rates(group, competitor)
        if (own.length === 0) return ""
        const times = competitor === "ours" ? "" : ` (${ratio(rates(group, "ours"), own).toFixed(2)}x)`
        return text(median(own)) + times
      })
    ])
  }
  const latency: Table = {
    title: "Milliseconds an append, p50 / p99",
    head: table.head,
    rows: competitors
      .filter((competitor) => competitor !== "copy")
      .map((competitor) => [
        titles[competitor],
        ...groups.map((group) => {
          const cells = series.get(cellName(group, competitor)) ?? []
          if (cells.length === 0) return ""
          const of = (q: "p50" | "p99") => median(cells.map(({ latencyMs }) => latencyMs[q])).toPrecision(2)
          return `${of("p50")} / ${of("p99")}`
        })
      ])
  }
  const capital = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1)
  return {
    tables: [table, latency],
    summary: {
      ratios: Object.fromEntries(
        groups.flatMap((group) =>
          others(group).map((other) => [
            `${group.name}Vs${capital(other)}`,
            ratio(rates(group, "ours"), rates(group, other))
          ])
        )
      ),
      perSecond: Object.fromEntries(
        groups.flatMap((group) =>
          group.competitors.map((competitor) => [
            `${group.name}${capital(competitor)}`,
            median(rates(group, competitor))
          ])
        )
      )
    },
    raw: Object.fromEntries(series)
  }
}

/** A first round that nobody counts lets every competitor's code be compiled. */
export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const programs = yield* Programs.start
    yield* round(programs, { ...plan, warmUp: 0, measured: 200 }, new Map(), 0)
    const series = new Map<string, Array<Written>>()
    for (let nth = 0; nth < plan.rounds; nth++) {
      yield* Screen.say(`append: round ${nth + 1} of ${plan.rounds}`)
      yield* round(programs, plan, series, nth)
    }
    return report(series)
  }).pipe(Effect.scoped)
