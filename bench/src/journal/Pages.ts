/**
 * What a page of 1,000 events of a tag costs as the journal grows: of a partition's tag, which one event in twenty has,
 * and of a rare tag, which exactly 1,000 events have wherever they are. Through the public API, decoded; and by hand in
 * the layouts tried beside ours, with what it costs to write them.
 */
import { Effect } from "effect"
import type { Failed } from "../run/Benchmark.js"
import { median, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import type * as Filled from "./Filled.js"
import * as Layout from "./Layout.js"
import type * as Piece from "./Piece.js"
import * as Place from "./Place.js"
import type { Plan } from "./Plan.js"
import type { Timed } from "./Timed.js"

const pageSize = 1000
const pagesACell = 20

const kinds = ["common", "rare"] as const
type Kind = (typeof kinds)[number]

/** Ours, through the public API, and the other layouts, by hand. */
const names = ["journal", "btree", "gin", "sideTable", "scan"] as const
type Name = "journal" | Layout.Name

const titleOf = (name: Name): string =>
  name === "journal" ? "aecor, public API, decoded" : `by hand: ${Layout.layouts[name].title}`
const piecesOf = (name: Name): ReadonlyArray<Piece.Name> =>
  name === "journal" ? ["journal"] : Layout.layouts[name].pieces

/** What was found out at one size. */
interface Stage {
  readonly size: number
  readonly names: ReadonlyArray<Name>
  /** Milliseconds a page, one value a round. */
  readonly pages: Rounds.Series<number>
  readonly microsPerInsert: ReadonlyMap<Piece.Name, number>
  readonly bytesPerEvent: ReadonlyMap<Piece.Name, number>
}

const cellName = (name: Name, kind: Kind): string => `${name} ${kind}`

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
    const pieces = [...new Set(compared.flatMap(piecesOf))]
    const microsPerInsert = yield* filled.grow(pieces, size)
    yield* Screen.say(`pages at ${size.toLocaleString("en-US")} events`)
    const read = (name: Name, kind: Kind) => (round: number) => {
      const wanted = places(kind, size, round)
      const pages =
        name === "journal"
          ? filled.ours.call("readPages", wanted)
          : filled.bare.call("readPages", { url: filled.url, text: Layout.layouts[name].page, places: wanted })
      return Effect.flatMap(pages, typical)
    }
    const cells = kinds.map((kind) => compared.map((name) => [cellName(name, kind), read(name, kind)] as const))
    yield* Rounds.run(1, cells)
    const pages = yield* Rounds.run(plan.rounds, cells)
    const bytes = yield* Effect.forEach(pieces, (piece) =>
      Effect.map(filled.bytesPerEvent(piece), (each) => [piece, each] as const)
    )
    return { size, names: compared, pages, microsPerInsert, bytesPerEvent: new Map(bytes) }
  })

const short = (size: number): string => `1e${Math.round(Math.log10(size))}`

/** What a layout costs is what its pieces cost together; `NaN` where one of them was not measured. */
const sum = (costs: ReadonlyMap<Piece.Name, number>, name: Name): number =>
  piecesOf(name).reduce((total, piece) => total + (costs.get(piece) ?? Number.NaN), 0)

const report = (stages: ReadonlyArray<Stage>): Findings => {
  const pageMs = (stage: Stage | undefined, name: Name, kind: Kind) =>
    median(stage?.pages.get(cellName(name, kind)) ?? [])
  const insertsPerSecond = (stage: Stage, name: Name) => 1e6 / sum(stage.microsPerInsert, name)
  const first = stages.at(0)
  /** Where all layouts were tried last. */
  const widest = stages.findLast((stage) => stage.names.length === names.length)

  const figures = (of: (stage: Stage, name: Name) => ReadonlyArray<readonly [string, number]>) =>
    Object.fromEntries(
      stages
        .flatMap((stage) => stage.names.flatMap((name) => of(stage, name)))
        .filter(([, value]) => !Number.isNaN(value))
    )
  return {
    tables: [
      {
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
          ...(widest === undefined ? [] : [text(insertsPerSecond(widest, name)), text(sum(widest.bytesPerEvent, name))])
        ])
      }
    ],
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
      insertsPerSecond: figures((stage, name) => [[name + short(stage.size), insertsPerSecond(stage, name)]]),
      bytesPerEvent: figures((stage, name) => [[name + short(stage.size), sum(stage.bytesPerEvent, name)]])
    },
    raw: stages.map((stage) => ({
      size: stage.size,
      pageMs: Object.fromEntries(stage.pages),
      microsPerInsert: Object.fromEntries(stage.microsPerInsert),
      bytesPerEvent: Object.fromEntries(stage.bytesPerEvent)
    }))
  }
}

/** Each size grows out of the one before. */
export const run = (plan: Plan, filled: Filled.Filled): Effect.Effect<Findings, Failed> =>
  Effect.map(
    Effect.forEach(plan.sizes, (size) => measure(filled, plan, size)),
    report
  )
