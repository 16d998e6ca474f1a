// What a person may ask for, and what is refused, by its name.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Options from "../src/run/Options.js"

const parts = ["append", "read", "pages"] as const
const parse = (...args: ReadonlyArray<string>) => Options.parse(args, parts)
const refused = (...args: ReadonlyArray<string>) => Effect.map(Effect.flip(parse(...args)), ({ message }) => message)

it.effect("without options all parts are run, as often as the size says", () =>
  Effect.gen(function* () {
    const options = yield* parse()
    expect(options).toEqual({ size: "normal", parts, rounds: undefined, profile: false, help: false })
  })
)

it.effect("the parts asked for are run in the benchmark's own order", () =>
  Effect.gen(function* () {
    const options = yield* parse("--", "--quick", "--only", "pages,append", "--rounds", "2", "--profile")
    expect(options).toEqual({ size: "quick", parts: ["append", "pages"], rounds: 2, profile: true, help: false })
  })
)

it.effect("what is not known is refused by its name", () =>
  Effect.gen(function* () {
    expect(yield* refused("--fast")).toContain("'--fast'")
    expect(yield* refused("append")).toContain("'append'")
    expect(yield* refused("--only", "append,reed")).toContain('"reed"')
    expect(yield* refused("--rounds", "0")).toContain('"0"')
    expect(yield* refused("--rounds", "2x")).toContain('"2x"')
    expect(yield* refused("--quick", "--full")).toContain("exclude")
  })
)
