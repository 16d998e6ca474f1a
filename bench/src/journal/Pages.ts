/**
 * What a page of 1,000 events of a tag costs as the journal grows: of a partition's tag, which one event in twenty has,
 * and of a rare tag, which exactly 1,000 events have wherever they are. Through the public API, decoded; and by hand in
 * the layouts tried beside ours, with what it costs to write them.
 */
import { Effect } from "effect"
import type { Failed } from "../run/Benchmark.js"
import { median, text } from "../run/Figures.js"
import type { Findings, Table } from "../run/Findings.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import * as Filled from "./Filled.js"
import * as Layout from "./Layout.js"
import * as Place from "./Place.js"
import type { Plan } from "./Plan.js"
import type { Timed } from "./Timed.js"

const pageSize = 1000
const pagesACell = 20

const kinds = ["common", "rare"] as const
type Kind = (typeof kinds)[number]
const names: ReadonlyArray<Filled.Name> = ["journal", "btree", "gin", "sideTable", "scan"]
const titleOf = (name: Filled.Name): string =>
  name === "journal" ? "aecor, public API, decoded" : `by hand: ${Layout.layouts[name].title}`

/** What was found out at one size. */
interface Stage {
  readonly size: number
  /** Milliseconds a page, one value a round. */
  readonly pages: ReadonlyMap<string, ReadonlyArray<number>>
  readonly insertsPerSecond: ReadonlyMap<Filled.Name, number>
  readonly bytesPerEvent: ReadonlyMap<Filled.Name, number>
}

const cellName = (name: Filled.Name, kind: Kind): string => `${name} ${kind}`

const places = (kind: Kind, size: number, round: number): ReadonlyArray<Place.Place> =>
  kind === "common" ? Place.common(size, pagesACell, round) : Place.rare(size, pagesACell)

/** The middle of the times; every page must be full, or the times compare nothing. */
const typical = (pages: ReadonlyArray<Timed>) =>
  pages.every(({ events }) => events === pageSize)
    ? Effect.succeed(median(pages.map(({ ms }) => ms)))
    : Effect.dieMessage(`pages of ${pages.map(({ events }) => events).join(", ")} events were read`)

const measure = (filled: Filled.Filled, plan: Plan, size: number): Effect.Effect<Stage, Failed> =>
  Effect.gen(function* () {
    const compared = names.filter((name) => name === "journal" || plan.alternatives.includes(size))
    const insertsPerSecond = yield* filled.grow(compared, size)
    yield* Screen.say(`pages at ${size.toLocaleString("en-US")} events`)
    const read = (name: Filled.Name, kind: Kind) => (round: number) =>
      Effect.flatMap(
        name === "journal"
          ? filled.ours.call("readPages", places(kind, size, round))
          : filled.bare.call("readPages", {
              url: filled.url,
              text: Layout.layouts[name].page(Filled.tableOf(name)),
              places: places(kind, size, round)
            }),
        typical
      )
    const cells = kinds.map((kind) => compared.map((name) => [cellName(name, kind), read(name, kind)] as const))
    yield* Rounds.run(1, cells)
    const pages = yield* Rounds.run(plan.rounds, cells)
    const bytes = yield* Effect.forEach(compared, (name) =>
      Effect.map(filled.bytesPerEvent(name), (each) => [name, each] as const)
    )
    return { size, pages, insertsPerSecond, bytesPerEvent: new Map(bytes) }
  })

const short = (size: number): string => `1e${Math.round(Math.log10(size))}`

const report = (stages: ReadonlyArray<Stage>): Findings => {
  const pageMs = (stage: Stage | undefined, name: Filled.Name, kind: Kind) =>
    median(stage?.pages.get(cellName(name, kind)) ?? [])
  const first = stages.at(0)
  /** Where all layouts were tried last. */
  const widest = stages.findLast(({ bytesPerEvent }) => bytesPerEvent.size === names.length)

  const table: Table = {
    title: "Milliseconds a page of 1,000 events of a tag, and what its storage costs",
    head: [
      "",
      ...stages.flatMap(({ size }) => [`1 in 20 of ${short(size)}`, `1,000 of ${short(size)}`]),
      "inserts/s",
      "bytes/event"
    ],
    rows: names.map((name) => [
      titleOf(name),
      ...stages.flatMap((stage) => kinds.map((kind) => text(pageMs(stage, name, kind)))),
      text(widest?.insertsPerSecond.get(name) ?? Number.NaN),
      text(widest?.bytesPerEvent.get(name) ?? Number.NaN)
    ])
  }
  const figures = (of: (stage: Stage, name: Filled.Name) => ReadonlyArray<readonly [string, number | undefined]>) =>
    Object.fromEntries(
      stages
        .flatMap((stage) => names.flatMap((name) => of(stage, name)))
        .flatMap(([key, value]) => (value === undefined || Number.isNaN(value) ? [] : [[key, value] as const]))
    )
  return {
    tables: [table],
    summary: {
      ratios: Object.fromEntries(
        stages
          .slice(1)
          .flatMap((stage) =>
            kinds.map((kind) => [
              `${kind === "rare" ? "rareTagPage" : "tagPage"}${short(stage.size)}Vs${short(first?.size ?? 0)}`,
              pageMs(stage, "journal", kind) / pageMs(first, "journal", kind)
            ])
          )
      ),
      pageMs: figures((stage, name) =>
        kinds.map((kind) => [`${name}${kind === "rare" ? "Rare" : ""}${short(stage.size)}`, pageMs(stage, name, kind)])
      ),
      insertsPerSecond: figures((stage, name) => [[`${name}${short(stage.size)}`, stage.insertsPerSecond.get(name)]]),
      bytesPerEvent: figures((stage, name) => [[`${name}${short(stage.size)}`, stage.bytesPerEvent.get(name)]])
    },
    raw: stages.map(({ bytesPerEvent, insertsPerSecond, pages, size }) => ({
      size,
      pageMs: Object.fromEntries(pages),
      insertsPerSecond: Object.fromEntries(insertsPerSecond),
      bytesPerEvent: Object.fromEntries(bytesPerEvent)
    }))
  }
}

/** Each size grows out of the one before. */
export const run = (plan: Plan, filled: Filled.Filled): Effect.Effect<Findings, Failed> =>
  Effect.map(
    Effect.forEach(plan.sizes, (size) => measure(filled, plan, size)),
    report
  )
