import { expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Overdrawn } from "./walk/account.js"
import { inMemory } from "./walk/memory.js"

it.effect("the walk runs in memory: a rejection is typed, and the view has seen one's own write", () =>
  Effect.gen(function* () {
    const { refused, row } = yield* inMemory
    expect(refused).toEqual(new Overdrawn({ balance: 100 }))
    expect(row).toEqual(Option.some({ view: { balance: 70, movements: 2 }, version: 2 }))
  })
)
