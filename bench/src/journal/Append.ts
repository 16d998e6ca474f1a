/**
 * Appends a second, ours beside: the same row inserted by hand, which is what a program without any guarantee pays;
 * Emmett; the same insert behind a lock an append, as journals without gaps are usually made; and COPY, the bound.
 */
import { Effect } from "effect"
import type { Failed, Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import { report } from "./AppendReport.js"
import { cellName, type Competitor, type Group, groups } from "./Competitor.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import type { Written } from "./Writing.js"

/** Writes a cell in a database of the round's own, where all tables began empty. */
const write = (
  programs: Programs.Programs,
  url: string,
  { perAppend, writers }: Group,
  competitor: Competitor,
  { measured, warmUp }: Plan
): Effect.Effect<Written, Failed> => {
  const cell = { writers, perAppend, warmUp, measured }
  switch (competitor) {
    case "ours":
      return programs.ours.call("append", { url, cell })
    case "emmett":
      return programs.emmett.call("append", { url, cell })
    case "copy":
      return programs.bare.call("copy", { url, cell })
    case "bareInsert":
    case "advisoryLock":
    case "lockTable":
      return programs.bare.call("append", { url, cell, strategy: competitor })
  }
}

/** All cells once, in a new database. */
const round = (programs: Programs.Programs, plan: Plan, series: Map<string, Array<Written>>, nth: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* Database.make
      yield* programs.ours.call("open", url)
      yield* programs.emmett.call("migrate", url)
      const cells = groups.map((group) =>
        group.competitors.map(
          (competitor) => [cellName(group, competitor), () => write(programs, url, group, competitor, plan)] as const
        )
      )
      yield* Rounds.once(nth, cells, series)
      yield* programs.ours.call("close", url)
    })
  )

/** A first round that nobody counts lets every competitor's code be compiled. */
export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const programs = yield* Programs.start
    yield* Screen.say("append: warming up")
    yield* round(programs, { ...plan, warmUp: 0, measured: 300 }, new Map(), 0)
    const series = new Map<string, Array<Written>>()
    for (let nth = 0; nth < plan.rounds; nth++) {
      yield* Screen.say(`append: round ${nth + 1} of ${plan.rounds}`)
      yield* round(programs, plan, series, nth)
    }
    return report(series)
  }).pipe(Effect.scoped)
