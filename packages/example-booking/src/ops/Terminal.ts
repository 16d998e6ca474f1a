/** What an operator sees and is asked: answers as tables or JSON, bars of progress on a terminal, questions. */
import * as readline from "node:readline"
import { BigDecimal, Duration, Effect, Option, Predicate } from "effect"

const width = 30

const clear = "\r\u001B[K"

/** How far something is; nothing where nobody looks on. */
export interface Bar {
  readonly show: (progress: {
    readonly what: string
    readonly part: number
    readonly perSecond?: number
    readonly left?: Option.Option<Duration.Duration>
  }) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
}

/** On the error output, where that is a terminal. */
export const bar = (isWanted: boolean): Bar => {
  if (!isWanted || !process.stderr.isTTY) return { show: () => Effect.void, end: Effect.void }
  return {
    show: ({ left = Option.none(), part, perSecond, what }) =>
      Effect.sync(() => {
        const done = Math.round(Math.min(1, part) * width)
        const rate = perSecond === undefined ? "" : `, ${perSecond}/s`
        const rest = Option.match(left, {
          onNone: () => "",
          onSome: (time) => `, ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(time))))} left`
        })
        const line = `${"█".repeat(done)}${"░".repeat(width - done)} ${Math.floor(part * 100)} %  ${what}${rate}${rest}`
        process.stderr.write(clear + line.slice(0, (process.stderr.columns ?? 80) - 1))
      }),
    end: Effect.sync(() => void process.stderr.write(clear))
  }
}

/** Asks for a yes. */
export const ask = (question: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const lines = readline.createInterface({ input: process.stdin, output: process.stderr })
    lines.question(`${question} [y/N] `, (answer) => {
      lines.close()
      resume(Effect.succeed(/^y(es)?$/i.test(answer.trim())))
    })
    return Effect.sync(() => lines.close())
  })

export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Values that JSON has no words for, in those that it has. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, function (this: { readonly [key: string]: unknown }, key) {
    // as it was before it was asked how it would be written
    const given = this[key]
    const one = Option.isOption(given) ? Option.getOrNull(given) : given
    if (Duration.isDuration(one)) return Duration.format(one)
    if (BigDecimal.isBigDecimal(one)) return BigDecimal.format(one)
    return one instanceof Error ? one.message : one
  })

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  return typeof value === "string" ? value : toJson(value)
}

const table = (rows: ReadonlyArray<Readonly<Record<string, unknown>>>): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)))
  return lines
    .map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Predicate.isRecord(value) && !Array.isArray(value)

/** An answer for people: lists as tables, the rest as lines. */
export const toText = (value: unknown): string => {
  const plain: unknown = JSON.parse(toJson(value))
  if (Array.isArray(plain))
    return plain.length === 0 ? "none" : plain.every(isRecord) ? table(plain) : plain.map(cell).join("\n")
  if (!isRecord(plain)) return cell(plain)
  const [lists, facts] = [
    Object.entries(plain).filter(([_, one]) => Array.isArray(one) && one.length > 0 && one.every(isRecord)),
    Object.entries(plain).filter(([_, one]) => !(Array.isArray(one) && one.length > 0 && one.every(isRecord)))
  ]
  const longest = Math.max(0, ...facts.map(([name]) => name.length))
  return [
    ...facts.map(([name, one]) => `${name.padEnd(longest)}  ${cell(one)}`),
    ...lists.map(([name, one]) => `\n${name}\n${toText(one)}`)
  ].join("\n")
}
