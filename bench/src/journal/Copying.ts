/**
 * COPY, the fastest way into a table and so the bound: no conflict is noticed, nobody is answered, 10,000 rows a
 * transaction, one connection. The rows' text is made while it runs, as the other writers make theirs.
 */
import { once } from "node:events"
import { finished } from "node:stream/promises"
import type pg from "pg"
import { from as copyFrom } from "pg-copy-streams"
import type { BareTable } from "./BareTable.js"
import { cpuMicrosSince } from "../run/Meter.js"
import { type Append, type Cell, makeWriter, type Written } from "./Writing.js"

const rowsPerCopy = 10_000
const rowsPerChunk = 250

/** What COPY's text format writes otherwise. */
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" }
const escaped = (value: unknown): string =>
  String(value).replace(/[\\\t\n\r]/g, (special) => escapes[special] ?? special)

const lines = (bare: BareTable, append: Append, perAppend: number): string =>
  bare
    .rows(append, perAppend)
    .map((row) => `${row.map(escaped).join("\t")}\n`)
    .join("")

export const run = async (client: pg.ClientBase, bare: BareTable, cell: Cell): Promise<Written> => {
  const next = makeWriter(0, cell.perAppend)
  const copy = async () => {
    const stream = client.query(copyFrom(`COPY ${bare.name} (${bare.columns.join(",")}) FROM STDIN`))
    for (let row = 0; row < rowsPerCopy; row += rowsPerChunk) {
      let chunk = ""
      for (let i = 0; i < rowsPerChunk; i += cell.perAppend) chunk += lines(bare, next(), cell.perAppend)
      if (!stream.write(chunk)) await once(stream, "drain")
    }
    stream.end()
    await finished(stream)
  }
  const copyFor = async (ms: number) => {
    const since = performance.now()
    let rows = 0
    for (let now = since; now < since + ms; now = performance.now()) {
      await copy()
      rows += rowsPerCopy
    }
    return { rows, perSecond: (rows * 1000) / (performance.now() - since) }
  }
  await copyFor(cell.warmUp)
  const cpu = process.cpuUsage()
  const { perSecond, rows } = await copyFor(cell.measured)
  return {
    eventsPerSecond: perSecond,
    latencyMs: { p50: Number.NaN, p99: Number.NaN },
    cpuMicros: cpuMicrosSince(cpu) / rows
  }
}
