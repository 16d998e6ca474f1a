// Cells measured in turn.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Rounds from "../src/run/Rounds.js"

it.effect("each cell runs once a round, and each round begins at another place", () =>
  Effect.gen(function* () {
    const ran: Array<string> = []
    const cell = (name: string) => [name, (round: number) => Effect.sync(() => ran.push(`${name}${round}`))] as const
    const series = yield* Rounds.run(3, [[cell("a"), cell("b")], [cell("c")]])
    expect(ran).toEqual(["a0", "b0", "c0", "c1", "b1", "a1", "a2", "b2", "c2"])
    expect([...series].map(([name, values]) => [name, values.length])).toEqual([
      ["a", 3],
      ["b", 3],
      ["c", 3]
    ])
  })
)
