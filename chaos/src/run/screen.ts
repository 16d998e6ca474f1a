/** What a person sees: lines with the time since the start. */
import { Effect } from "effect"

const startedAt = performance.now()

const secondsSinceStart = (): number => (performance.now() - startedAt) / 1000

let stream: NodeJS.WriteStream = process.stdout

/** For a program whose output is its results alone. */
export const toStandardError = (): void => {
  stream = process.stderr
}

export const print = (line: string): void =>
  void stream.write(`${secondsSinceStart().toFixed(1).padStart(7)} s  ${line}\n`)

export const say = (line: string): Effect.Effect<void> => Effect.sync(() => print(line))

const textOf = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, one]) => `${name} ${textOf(one)}`)
        .join(", ")
    : String(typeof value === "number" ? value.toLocaleString("en") : value)

/** Names and values, a line each. */
export const table = (rows: ReadonlyArray<readonly [name: string, value: unknown]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${textOf(value)}`).join("\n")
}
