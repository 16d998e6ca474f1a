/**
 * A journal that grows to millions of events, and other tables that grow with it, in a database that is there until the
 * end of the run: parts share it, because filling takes longer than reading.
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

export interface Filled {
  readonly url: string
  readonly ours: Worker.Worker<Ours>
  readonly bare: Worker.Worker<Bare>
  /** Lets pieces grow to so many events, and gives the microseconds an event of those that had to. */
  readonly grow: (
    names: ReadonlyArray<Piece.Name>,
    size: number
  ) => Effect.Effect<ReadonlyMap<Piece.Name, number>, Failed>
  /** Bytes an event of a piece, indexes included. */
  readonly bytesPerEvent: (name: Piece.Name) => Effect.Effect<number, Failed>
}

/** What is inserted at once; pieces take turns. */
const chunk = 50_000

/** `sizes`: those at which tags are read. */
export const make = (
  sizes: ReadonlyArray<number>
): Effect.Effect<Filled, Failed, Database.Server | Worker.Flags | Scope.Scope> =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const bare = yield* Worker.start<Bare>(Programs.file("bare"))
    const ours = yield* Worker.start<Ours>(Programs.file("ours"))
    yield* ours.call("open", url)

    const have = new Map<Piece.Name, number>()
    const sizeOf = (name: Piece.Name) => have.get(name) ?? 0
    const execute = (statements: ReadonlyArray<string>) => bare.call("execute", { url, statements })

    const grow = (names: ReadonlyArray<Piece.Name>, size: number) =>
      Effect.gen(function* () {
        const growing = names.filter((name) => sizeOf(name) < size)
        if (growing.length === 0) return new Map<Piece.Name, number>()
        yield* Screen.say(`filling ${growing.join(", ")} to ${size.toLocaleString("en-US")} events`)
        for (const name of growing) if (!have.has(name)) yield* execute(Piece.pieces[name].make)
        const spent = new Map(growing.map((name) => [name, { events: 0, ms: 0 }]))
        for (let turn = 0, from = 0; from < size; turn++, from += chunk) {
          const to = Math.min(size, from + chunk)
          for (const [name, total] of rotated([...spent], turn)) {
            if (sizeOf(name) > from) continue
            total.ms += yield* execute(Piece.pieces[name].insert(Fill.source(from, to, sizes)))
            total.events += to - from
            have.set(name, to)
          }
        }
        yield* Database.settle(url)
        return new Map([...spent].map(([name, { events, ms }]) => [name, (ms * 1000) / events]))
      })

    return {
      url,
      ours,
      bare,
      grow,
      bytesPerEvent: (name) =>
        Effect.map(bare.call("bytes", { url, tables: Piece.pieces[name].tables }), (bytes) => bytes / sizeOf(name))
    }
  })
