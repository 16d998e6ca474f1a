/** The cells of the appends as tables and figures. */
import { median, ratio, text } from "../run/Figures.js"
import type { Findings, Table } from "../run/Findings.js"
import type { Series } from "../run/Rounds.js"
import { cellName, type Competitor, competitors, type Group, groups, titles } from "./Competitor.js"
import type { Written } from "./Writing.js"

const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)

const heads = groups.map(({ perAppend, writers }) => {
  const who = writers === 1 ? "1 writer" : `${writers} writers`
  return perAppend === 1 ? who : `${who} x ${perAppend} events`
})

export const report = (series: Series<Written>): Findings => {
  const of = (group: Group, competitor: Competitor, figure: (cell: Written) => number) =>
    (series.get(cellName(group, competitor)) ?? []).map(figure)
  const rates = (group: Group, competitor: Competitor) => of(group, competitor, (cell) => cell.eventsPerSecond)
  const times = (group: Group, competitor: Competitor) => ratio(rates(group, "ours"), rates(group, competitor))

  /** A row a competitor, a column a group; empty where it does not take part. */
  const table = (
    title: string,
    who: ReadonlyArray<Competitor>,
    cell: (group: Group, one: Competitor) => string
  ): Table => ({
    title,
    head: ["", ...heads],
    rows: who.map((one) => [
      titles[one],
      ...groups.map((group) => (group.competitors.includes(one) ? cell(group, one) : ""))
    ])
  })
  /** A figure of each competitor in each group. */
  const each = (figure: (group: Group, competitor: Competitor) => number) =>
    Object.fromEntries(
      groups.flatMap((group) => group.competitors.map((one) => [group.name + capital(one), figure(group, one)]))
    )

  return {
    tables: [
      table("Events appended a second (and how many times as many we append)", competitors, (group, one) => {
        const rate = text(median(rates(group, one)))
        return one === "ours" ? rate : `${rate} (${times(group, one).toFixed(2)}x)`
      }),
      table(
        "Milliseconds an append, p50 / p99",
        competitors.filter((one) => one !== "copy"),
        (group, one) => {
          const ms = (q: "p50" | "p99") => median(of(group, one, ({ latencyMs }) => latencyMs[q])).toFixed(1)
          return `${ms("p50")} / ${ms("p99")}`
        }
      )
    ],
    summary: {
      ratios: Object.fromEntries(
        groups.flatMap((group) =>
          group.competitors
            .filter((one) => one !== "ours")
            .map((one) => [`${group.name}Vs${capital(one)}`, times(group, one)])
        )
      ),
      perSecond: each((group, one) => median(rates(group, one))),
      cpuMicros: each((group, one) => median(of(group, one, ({ cpuMicros }) => cpuMicros)))
    },
    raw: Object.fromEntries(series)
  }
}
