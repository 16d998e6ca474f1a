/**
 * Journals of millions of events, each in a database of its own with the other tables that hold the same events, until
 * the end of the run: parts share them, because filling takes longer than reading.
 */
import { Effect, type Scope } from "effect"
import type { Failed } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { rotated } from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import * as Worker from "../run/Worker.js"
import * as Fill from "./Fill.js"
import * as Piece from "./Piece.js"
import * as Programs from "./Programs.js"
import type { Bare } from "./programs/bare.js"
import type { Ours } from "./programs/ours.js"

/** A journal of `size` events, and the other pieces. */
export interface Filled {
  readonly size: number
  readonly url: string
  /** Stores the events in the pieces that are still empty. */
  readonly store: (names: ReadonlyArray<Piece.Name>) => Effect.Effect<void, Failed>
  /** What an event costs in the pieces that are filled. */
  readonly costs: ReadonlyMap<Piece.Name, Cost>
}

/** The price of an event: the time to store it, and the room it takes with all indexes. */
export interface Cost {
  readonly micros: number
  readonly bytes: number
}

export interface Journals {
  readonly ours: Worker.Worker<Ours>
  readonly bare: Worker.Worker<Bare>
  readonly of: (size: number) => Filled
}

/** What is inserted at once; pieces take turns. */
const chunk = 50_000

const makeOne = (bare: Worker.Worker<Bare>, url: string, size: number): Filled => {
  const costs = new Map<Piece.Name, Cost>()
  const execute = (statements: ReadonlyArray<string>) => bare.call("execute", { url, statements })
  const store = (names: ReadonlyArray<Piece.Name>) =>
    Effect.gen(function* () {
      const empty = names.filter((name) => !costs.has(name))
      if (empty.length === 0) return
      yield* Screen.say(`filling ${empty.join(", ")} with ${size.toLocaleString("en-US")} events`)
      for (const name of empty) yield* execute(Piece.pieces[name].make)
      const spent = new Map(empty.map((name) => [name, 0]))
      for (let turn = 0; turn * chunk < size; turn++) {
        const events = Fill.source(turn * chunk, Math.min(size, (turn + 1) * chunk), size)
        for (const name of rotated(empty, turn)) {
          spent.set(name, (spent.get(name) ?? 0) + (yield* execute(Piece.pieces[name].insert(events))))
        }
      }
      yield* Database.settle(url)
      for (const [name, ms] of spent) {
        const bytes = yield* bare.call("bytes", { url, tables: Piece.pieces[name].tables })
        costs.set(name, { micros: (ms * 1000) / size, bytes: bytes / size })
      }
    })
  return { size, url, store, costs }
}

export const make = (
  sizes: ReadonlyArray<number>
): Effect.Effect<Journals, Failed, Database.Server | Worker.Flags | Scope.Scope> =>
  Effect.gen(function* () {
    const bare = yield* Worker.start<Bare>(Programs.file("bare"))
    const ours = yield* Worker.start<Ours>(Programs.file("ours"))
    const journals = yield* Effect.forEach(sizes, (size) =>
      Effect.gen(function* () {
        const url = yield* Database.make
        yield* ours.call("open", url)
        return makeOne(bare, url, size)
      })
    )
    const of = (size: number): Filled => {
      const found = journals.find((one) => one.size === size)
      if (found === undefined) throw new RangeError(`no journal of ${size} events`)
      return found
    }
    return { ours, bare, of }
  })
