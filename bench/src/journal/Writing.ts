/**
 * Writers that append as fast as they are answered, for a while: each to a key of its own, a new one every ten appends.
 * The same loop once for promises and once for fibers, as the users of each competitor would call it.
 */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import * as Meter from "../run/Meter.js"

/** What a cell asks for. */
export interface Cell extends Meter.Window {
  readonly writers: number
  readonly perAppend: number
}

/** One append: `first` is where its events begin in the list of events, which goes round. */
export interface Append {
  readonly key: string
  readonly expected: number
  readonly first: number
}

/** What a cell found out. */
export interface Written {
  readonly eventsPerSecond: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  /** Processor time of the writers' own process, microseconds an event. */
  readonly cpuMicros: number
}

const appendsPerKey = 10

/** The appends of one writer, one after the other. */
export const makeWriter = (writer: number, perAppend: number): (() => Append) => {
  let key = ""
  let count = 0
  return () => {
    const nth = count++ % appendsPerKey
    if (nth === 0) key = `booking-${randomUUID()}`
    return { key, expected: nth * perAppend, first: writer * 31 + count * perAppend }
  }
}

/** What the meter has seen of a cell's appends, an event. */
const writtenOf = ({ perAppend }: Cell, { cpuMicros, latencyMs, perSecond }: Meter.Measured): Written => ({
  eventsPerSecond: perSecond * perAppend,
  latencyMs,
  cpuMicros: cpuMicros / perAppend
})

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

/** Writers that are promises. */
export const byPromises = async (cell: Cell, append: (one: Append) => Promise<unknown>): Promise<Written> => {
  const meter = Meter.start(cell)
  const write = async (writer: number) => {
    const next = makeWriter(writer, cell.perAppend)
    for (let since = meter.next(); since !== undefined; since = meter.next()) {
      await append(next())
      meter.answered(since)
    }
  }
  await Promise.all(numbers(cell.writers).map(write))
  return writtenOf(cell, meter.measured())
}

/** Writers that are fibers. */
export const byFibers = <E, R>(
  cell: Cell,
  append: (one: Append) => Effect.Effect<unknown, E, R>
): Effect.Effect<Written, E, R> =>
  Effect.suspend(() => {
    const meter = Meter.start(cell)
    const write = Effect.fnUntraced(function* (writer: number) {
      const next = makeWriter(writer, cell.perAppend)
      for (let since = meter.next(); since !== undefined; since = meter.next()) {
        yield* append(next())
        meter.answered(since)
      }
    })
    return Effect.forEach(numbers(cell.writers), write, { concurrency: "unbounded", discard: true }).pipe(
      Effect.map(() => writtenOf(cell, meter.measured()))
    )
  })

/** `count` elements of a list that goes round, from a place on. */
export const slice = <A>(list: ReadonlyArray<A>, first: number, count: number): ReadonlyArray<A> => {
  const start = first % list.length
  const end = start + count
  return end <= list.length ? list.slice(start, end) : [...list.slice(start), ...list.slice(0, end - list.length)]
}
