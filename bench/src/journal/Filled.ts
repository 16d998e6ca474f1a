/**
 * A journal that grows to millions of events, and tables of other layouts that grow with it, in a database that is there
 * until the end of the run: parts share it, because filling takes longer than reading.
 */
import { Effect, type Scope } from "effect"
import type { Failed } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { rotated } from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import * as Worker from "../run/Worker.js"
import { table } from "./BenchJournal.js"
import * as Fill from "./Fill.js"
import * as Layout from "./Layout.js"
import * as Programs from "./Programs.js"
import type { Bare } from "./programs/bare.js"
import type { Ours } from "./programs/ours.js"

/** The journal itself, or another layout. */
export type Name = "journal" | Layout.Name

export interface Filled {
  readonly url: string
  readonly ours: Worker.Worker<Ours>
  readonly bare: Worker.Worker<Bare>
  /** Lets tables grow to so many events. Gives the events stored a second, of those that had to grow. */
  readonly grow: (names: ReadonlyArray<Name>, size: number) => Effect.Effect<ReadonlyMap<Name, number>, Failed>
  /** Bytes an event, indexes included. */
  readonly bytesPerEvent: (name: Name) => Effect.Effect<number, Failed>
}

/** What is inserted at once; tables take turns. */
const chunk = 50_000

/** The name of a layout's table. */
export const tableOf = (name: Layout.Name): string => `layout_${name.toLowerCase()}`

const insert = (name: Name, events: string): ReadonlyArray<string> =>
  name === "journal" ? Fill.journalRows(events) : Layout.layouts[name].insert(tableOf(name), events)

const tablesOf = (name: Name): ReadonlyArray<string> =>
  name === "journal" ? Fill.journalTables : Layout.layouts[name].tables(tableOf(name))

/** `sizes`: those at which tags are read. */
export const make = (
  sizes: ReadonlyArray<number>
): Effect.Effect<Filled, Failed, Database.Server | Worker.Flags | Scope.Scope> =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const bare = yield* Worker.start<Bare>(Programs.file("bare"))
    const ours = yield* Worker.start<Ours>(Programs.file("ours"))
    yield* ours.call("open", url)
    const have = new Map<Name, number>()

    const begin = (name: Name) =>
      Effect.gen(function* () {
        have.set(name, 0)
        if (name === "journal") return
        const own = tableOf(name)
        const statements = [Layout.likeJournal(table, own), ...Layout.layouts[name].make(own)]
        yield* bare.call("execute", { url, statements })
      })

    const grow = (names: ReadonlyArray<Name>, size: number) =>
      Effect.gen(function* () {
        for (const name of names) if (!have.has(name)) yield* begin(name)
        const growing = names.filter((name) => (have.get(name) ?? 0) < size)
        if (growing.length === 0) return new Map<Name, number>()
        yield* Screen.say(`filling ${growing.join(", ")} to ${size.toLocaleString("en-US")} events`)
        const grown = new Map(growing.map((name) => [name, { events: 0, ms: 0 }]))
        for (let turn = 0, from = 0; from < size; turn++, from += chunk) {
          const to = Math.min(size, from + chunk)
          for (const name of rotated(growing, turn)) {
            const total = grown.get(name)
            if ((have.get(name) ?? 0) > from || total === undefined) continue
            const statements = insert(name, Fill.source(from, to, sizes))
            total.ms += yield* bare.call("execute", { url, statements })
            total.events += to - from
            have.set(name, to)
          }
        }
        yield* Database.settle(url)
        return new Map([...grown].map(([name, { events, ms }]) => [name, (events * 1000) / ms]))
      })

    return {
      url,
      ours,
      bare,
      grow,
      bytesPerEvent: (name) =>
        Effect.map(bare.call("bytes", { url, tables: tablesOf(name) }), (bytes) => bytes / (have.get(name) ?? 0))
    }
  })
