/** What the demo shows a person: lines of what happens, and on a terminal a line of progress below them. */
import { Effect } from "effect"

const isTerminal = process.stdout.isTTY
const startedAt = Date.now()
let progress = ""

const stamp = () => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`
const clear = () => (isTerminal && progress !== "" ? `\r${" ".repeat(progress.length)}\r` : "")

/** A line that stays. */
export const say = (line: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${clear()}${stamp()}  ${line}\n${isTerminal ? progress : ""}`)
  })

/** The line of progress; where there is no terminal it becomes an ordinary line, so show it seldom there. */
export const showProgress = (line: string): Effect.Effect<void> =>
  Effect.sync(() => {
    if (!isTerminal) {
      process.stdout.write(`${stamp()}  ${line}\n`)
      return
    }
    const before = clear()
    progress = `${stamp()}  ${line}`
    process.stdout.write(before + progress)
  })

export const endProgress: Effect.Effect<void> = Effect.sync(() => {
  process.stdout.write(clear())
  progress = ""
})

/** How often progress is worth showing. */
export const progressInterval = isTerminal ? "250 millis" : "2 seconds"

export const bar = (share: number, width = 24): string => {
  const full = Math.round(Math.min(1, share) * width)
  return "█".repeat(full) + "░".repeat(width - full)
}
