/**
 * What a page of 1,000 events of a tag costs as the journal grows: of a partition's tag, which one event in twenty has,
 * and of a rare tag, which exactly 1,000 events have wherever they are. Through the public API, decoded; and by hand in
 * the layouts tried beside ours, with what it costs to write them.
 */
import { Effect } from "effect"
import type { Failed } from "../run/Benchmark.js"
import { median, ratio, text } from "../run/Figures.js"
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

/** Ours, through the public API; the others by hand. */
const names = ["journal", "btree", "gin", "sideTable", "scan"] as const
type Name = "journal" | Layout.Name

/** What is measured in a journal of a size. */
const namesFor = ({ compared }: Plan, size: number): ReadonlyArray<Name> =>
  compared.includes(size) ? names : ["journal"]

const titleOf = (name: Name): string =>
  name === "journal" ? "aecor, public API, decoded" : `by hand: ${Layout.layouts[name].title}`
const piecesOf = (name: Name): ReadonlyArray<Piece.Name> =>
  name === "journal" ? ["journal"] : Layout.layouts[name].pieces

const cellName = (name: Name, kind: Kind, size: number): string => `${name} ${kind} ${size}`

/** The middle of the times; every page must be full, or the times compare nothing. */
const typical = (pages: ReadonlyArray<Timed>) =>
  pages.every(({ events }) => events === pageSize)
    ? Effect.succeed(median(pages.map(({ ms }) => ms)))
    : Effect.dieMessage(`pages of ${pages.map(({ events }) => events).join(", ")} events were read`)

/** Reads pages of a tag, all over the journal. */
const read =
  ({ bare, ours }: Filled.Journals, { size, url }: Filled.Filled, name: Name, kind: Kind) =>
  (round: number): Effect.Effect<number, Failed> => {
    const places = kind === "common" ? Place.common(size, pagesACell, round) : Place.rare(pagesACell)
    const pages =
      name === "journal"
        ? ours.call("readPages", { url, places })
        : bare.call("readPages", { url, places, text: Layout.layouts[name].page })
    return Effect.flatMap(pages, typical)
  }

/** Milliseconds a page, one value a round. The sizes take turns as well: their ratio is what matters most. */
const measure = (journals: Filled.Journals, plan: Plan): Effect.Effect<Rounds.Series<number>, Failed> =>
  Effect.gen(function* () {
    const all = plan.sizes.map(journals.of)
    for (const filled of all) yield* filled.store([...new Set(namesFor(plan, filled.size).flatMap(piecesOf))])
    const cells = kinds.map((kind) =>
      names.flatMap((name) =>
        all
          .filter(({ size }) => namesFor(plan, size).includes(name))
          .map((filled) => [cellName(name, kind, filled.size), read(journals, filled, name, kind)] as const)
      )
    )
    yield* Screen.say("pages: warming up")
    yield* Rounds.run(1, cells)
    yield* Screen.say(`pages: ${plan.rounds} rounds`)
    return yield* Rounds.run(plan.rounds, cells)
  })

const shown = (ms: ReadonlyArray<number>): string => (ms.length === 0 ? "" : text(median(ms)))

const short = (size: number): string => `1e${Math.round(Math.log10(size))}`

const report = (journals: Filled.Journals, plan: Plan, series: Rounds.Series<number>): Findings => {
  const pageMs = (name: Name, kind: Kind, size: number) => series.get(cellName(name, kind, size)) ?? []
  /** What a layout costs is what its pieces cost together. */
  const cost = (name: Name, size: number, figure: keyof Filled.Cost) =>
    piecesOf(name).reduce((total, piece) => total + (journals.of(size).costs.get(piece)?.[figure] ?? Number.NaN), 0)
  const insertsPerSecond = (name: Name, size: number) => 1e6 / cost(name, size, "micros")
  const { compared, sizes } = plan
  const [first = 0] = sizes
  const last = compared.at(-1) ?? 0

  const each = (of: (name: Name, size: number) => ReadonlyArray<readonly [string, number]>) =>
    Object.fromEntries(sizes.flatMap((size) => namesFor(plan, size).flatMap((name) => of(name, size))))
  return {
    tables: [
      {
        title: "Milliseconds a page of 1,000 events of a tag, and what its storage costs",
        head: [
          "",
          ...sizes.flatMap((size) => [`1 in 20 of ${short(size)}`, `1,000 of ${short(size)}`]),
          "inserts/s",
          "bytes/event"
        ],
        rows: names.map((name) => [
          titleOf(name),
          ...sizes.flatMap((size) => kinds.map((kind) => shown(pageMs(name, kind, size)))),
          text(insertsPerSecond(name, last)),
          text(cost(name, last, "bytes"))
        ])
      }
    ],
    summary: {
      ratios: Object.fromEntries(
        sizes
          .slice(1)
          .flatMap((size) =>
            kinds.map((kind) => [
              `${kind === "rare" ? "rareTagPage" : "tagPage"}${short(size)}Vs${short(first)}`,
              ratio(pageMs("journal", kind, size), pageMs("journal", kind, first))
            ])
          )
      ),
      pageMs: each((name, size) =>
        kinds.map((kind) => [`${name}${kind === "rare" ? "Rare" : ""}${short(size)}`, median(pageMs(name, kind, size))])
      ),
      insertsPerSecond: each((name, size) => [[name + short(size), insertsPerSecond(name, size)]]),
      bytesPerEvent: each((name, size) => [[name + short(size), cost(name, size, "bytes")]])
    },
    raw: {
      pageMs: Object.fromEntries(series),
      costs: sizes.map((size) => ({ size, pieces: Object.fromEntries(journals.of(size).costs) }))
    }
  }
}

export const run = (plan: Plan, journals: Filled.Journals): Effect.Effect<Findings, Failed> =>
  Effect.map(measure(journals, plan), (series) => report(journals, plan, series))
