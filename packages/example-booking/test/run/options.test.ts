/** The options of the programs that a person runs on his machine. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Options from "../../src/run/options.js"

const options = {
  nodes: Options.nodes(2, "nodes at the start"),
  seed: Options.integer("who wants what", { min: 0, max: 9 }, undefined, "a random one"),
  url: Options.url("a service that runs already"),
  keep: Options.keep
}

describe("options", () => {
  it.effect("are what is usual, unless they are given", () =>
    Effect.gen(function* () {
      const usual = { nodes: 3, seed: undefined, url: undefined, keep: false }
      expect(yield* Options.parse(options, [])).toEqual(usual)
      const given = ["--", "--nodes", "5", "--seed=0", "--url", "http://localhost:8080/", "--keep"]
      expect(yield* Options.parse(options, given)).toEqual({
        nodes: 5,
        seed: 0,
        url: "http://localhost:8080",
        keep: true
      })
    })
  )

  it.effect("are refused by name where they make no sense", () =>
    Effect.gen(function* () {
      const refusal = (...args: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(Options.parse(options, args)), ({ message }) => message)
      expect(yield* refusal("--nodes", "1")).toBe('--nodes takes an integer of 2 to 8, not "1"')
      expect(yield* refusal("--nodes", "many")).toBe('--nodes takes an integer of 2 to 8, not "many"')
      expect(yield* refusal("--seed=")).toBe('--seed takes an integer of 0 to 9, not ""')
      expect(yield* refusal("--url", "localhost:8080")).toContain("--url takes an address")
      expect(yield* refusal("--fast")).toContain("--fast")
    })
  )

  it.effect("are explained, each with what it may be and what it usually is", () =>
    Effect.gen(function* () {
      expect(yield* Options.parse(options, ["--help"])).toBeUndefined()
      expect(yield* Options.parse(options, ["-h", "--keep"])).toBeUndefined()
      expect(Options.usage("pnpm demo", options, { DATABASE_URL: "use this Postgres" })).toBe(
        [
          "pnpm demo [--nodes N] [--seed N] [--url URL] [--keep]",
          "",
          "  --nodes N      nodes at the start, 2 to 8 (3)",
          "  --seed N       who wants what, 0 to 9 (a random one)",
          "  --url URL      a service that runs already",
          "  --keep         leave the database's folder and the nodes' logs",
          "  DATABASE_URL   use this Postgres"
        ].join("\n")
      )
    })
  )
})
