/**
 * What queries notice of a swap: the longest one through the alias that was under way while versions were swapped, beside
 * the longest one that was not. Entities are written to meanwhile, and both versions are kept on the node that swaps.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { quantile, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Screen from "../run/Screen.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import type { Span } from "./programs/swaps.js"

const load = { writers: 4, readers: 4, pauses: { writer: 25, reader: 5, swaps: 150 } }

const msOf = ({ from, to }: Span): number => to - from
const longest = (spans: ReadonlyArray<Span>): number => spans.reduce((most, span) => Math.max(most, msOf(span)), 0)
const median = (spans: ReadonlyArray<Span>): number => quantile(spans.map(msOf), 0.5)

/** Those that were under way during any of the others, and those that were not. */
export const apart = (
  spans: ReadonlyArray<Span>,
  others: ReadonlyArray<Span>
): readonly [within: ReadonlyArray<Span>, outside: ReadonlyArray<Span>] => {
  const overlaps = (span: Span) => others.some(({ from, to }) => span.from <= to && from <= span.to)
  return [spans.filter(overlaps), spans.filter((span) => !overlaps(span))]
}

const report = (swaps: ReadonlyArray<Span>, queries: ReadonlyArray<Span>): Findings => {
  const [within, outside] = apart(queries, swaps)
  const row = (title: string, spans: ReadonlyArray<Span>) => [
    title,
    text(spans.length),
    median(spans).toFixed(2),
    longest(spans).toFixed(2)
  ]
  return {
    tables: [
      {
        title: "Milliseconds of a query through the alias, while versions are swapped under load",
        head: ["", "number", "median", "longest"],
        rows: [
          row("queries during a swap", within),
          row("queries during none", outside),
          row("the swaps themselves", swaps)
        ]
      }
    ],
    summary: {
      swap: {
        swaps: swaps.length,
        pauseMs: longest(within),
        outsideMs: longest(outside),
        queriesDuring: within.length,
        medianMs: median(within),
        medianOutsideMs: median(outside)
      }
    },
    raw: {
      swaps: swaps.map(msOf),
      within: within.map(msOf),
      outside: { queries: outside.length, ms: longest(outside) }
    }
  }
}

export const run = ({ swaps }: Plan): Part =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const node = yield* Programs.swaps
    yield* Screen.say(`swap: ${swaps} swaps under load`)
    const done = yield* node.call("swap", { url, swaps, ...load })
    return report(done.swaps, done.queries)
  }).pipe(Effect.scoped)
