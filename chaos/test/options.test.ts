/** What the program makes of its command line. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Options from "../src/options.js"

const parse = (...args: ReadonlyArray<string>) => Options.parse(args, 42)

describe("the options", () => {
  it.effect("are a million events, 14 faults, a random seed and every part, unless they are given", () =>
    Effect.gen(function* () {
      expect(yield* parse()).toEqual({
        seed: 42,
        events: 1_000_000,
        faults: 14,
        only: ["journal", "processing", "swap"],
        help: false
      })
      expect(yield* parse("--quick")).toEqual(yield* parse())
      expect(yield* parse("--", "--full", "--seed=7")).toMatchObject({ seed: 7, events: 10_000_000, faults: 300 })
      expect(yield* parse("--events", "20000", "--only", "journal")).toMatchObject({
        events: 20_000,
        only: ["journal"]
      })
      expect(yield* parse("--only", "swap,journal")).toMatchObject({ only: ["journal", "swap"] })
      expect(yield* parse("--quick", "--faults", "20")).toMatchObject({ events: 1_000_000, faults: 20 })
    })
  )

  it.effect("are refused by name where they make no sense", () =>
    Effect.gen(function* () {
      const refusal = (...args: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(parse(...args)), ({ message }) => message)
      expect(yield* refusal("--fast")).toContain("--fast")
      expect(yield* refusal("events")).toContain("events")
      expect(yield* refusal("--events", "10")).toBe('--events takes an integer of 10000 to 20000000, not "10"')
      expect(yield* refusal("--events", "1e6")).toBe('--events takes an integer of 10000 to 20000000, not "1e6"')
      expect(yield* refusal("--seed", "")).toBe('--seed takes an integer of 0 to 2147483647, not ""')
      expect(yield* refusal("--only", "views")).toBe('--only takes some of journal, processing, swap, not "views"')
      expect(yield* refusal("--only", "swap,views")).toContain('not "swap,views"')
      expect(yield* refusal("--faults", "0")).toBe('--faults takes an integer of 1 to 1000, not "0"')
      expect(yield* refusal("--quick", "--full")).toBe("--quick and --full do not go together")
    })
  )
})
