/** What a part of a benchmark found out: for a person, for a program, and all of it for whoever doubts. */

/** A table for a person; the first cell of a row names it. */
export interface Table {
  readonly title: string
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Figures by name, in groups by unit: `ratios`, `perSecond`, `latencyMs`, …; a unit of one figure has no group. */
export type Summary = Readonly<Record<string, number | Readonly<Record<string, number>>>>

export interface Findings {
  readonly tables: ReadonlyArray<Table>
  readonly summary: Summary
  /** What every round measured. */
  readonly raw: unknown
}

/** Several parts' figures as one. */
export const merged = (summaries: ReadonlyArray<Summary>): Summary => {
  const all: Record<string, number | Readonly<Record<string, number>>> = {}
  for (const summary of summaries) {
    for (const [group, figures] of Object.entries(summary)) {
      const before = all[group]
      all[group] = typeof figures === "number" || typeof before === "number" ? figures : { ...before, ...figures }
    }
  }
  return all
}

/** A table as lines of text: the first column to the left, figures to the right. */
export const lines = ({ head, rows, title }: Table): ReadonlyArray<string> => {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)))
  const line = (row: ReadonlyArray<string>) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ""
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join("   ")
  return [title, "", line(head), widths.map((width) => "-".repeat(width)).join("   "), ...rows.map(line)]
}
