/**
 * For any history and any edits, a replay makes of a view what a fresh projection makes, and a dry run says so before; and
 * what was filled side by side is the same.
 */
import { expect, type Vitest } from "@effect/vitest"
import { Effect, FastCheck, Option } from "effect"
import * as Replay from "../../Replay.js"
import * as SideBySide from "../../SideBySide.js"
import { deliveredBy, deliveries, faults, faultyStore } from "./faults.js"
import { FewJournal, nothing, SumsView } from "./repartitionScene.js"
import * as Scene from "./replayScene.js"
import type { OnStorage, ReplayTest } from "./replayTest.js"
import * as Side from "./sideScene.js"

/** What befalls the row of a key: it is gone, of an earlier version, or another; or nothing. */
type Edit = "none" | "gone" | "earlier" | "other"

const edits = FastCheck.array(FastCheck.constantFrom<Array<Edit>>("none", "gone", "earlier", "other"), {
  minLength: 10,
  maxLength: 10
})

const edited = (edit: Edit, amounts: ReadonlyArray<number>): Option.Option<ReturnType<typeof Scene.after>> => {
  const row = Scene.after(amounts)
  switch (edit) {
    case "none":
      return Option.some(row)
    case "gone":
      return Option.none()
    case "earlier":
      return amounts.length < 2 ? Option.none() : Option.some(Scene.after(amounts.slice(0, -1)))
    case "other":
      return Option.some({ ...row, view: { ...nothing, sum: row.view.sum + 1 } })
  }
}

export const propertyTests = (test: Vitest.Tester<never>, onStorage: OnStorage, runs: number): void => {
  const settings = { timeout: 120_000, fastCheck: { numRuns: runs } }

  test.prop(
    "a replay after any number of events equals a fresh projection, and a dry run tells before what it will change",
    {
      history: Scene.histories,
      edits,
      keysAtOnce: FastCheck.integer({ min: 1, max: 12 }),
      from: FastCheck.nat(30)
    },
    ({ edits: given, from, history, keysAtOnce }) =>
      onStorage(
        Effect.gen(function* () {
          const keys = Scene.keysOf(history)
          for (const [key, amounts] of history) yield* Scene.append(key, amounts)
          const rows = yield* Effect.forEach(keys, (key, i) =>
            Effect.map(Scene.amountsOf(key), (amounts) =>
              Option.map(edited(given[i] ?? "none", amounts), (row) => [key, row] as const)
            )
          )
          yield* Scene.spoil(new Map(rows.flatMap(Option.toArray)))
          const projection = Scene.by(Scene.right)

          const found = yield* Replay.dryRun(projection, "all", { keysAtOnce })
          const wrongs = found.counts.Different + found.counts.Missing + found.counts.Behind
          expect(found).toMatchObject({ keys: keys.length, unreached: 0, counts: { Ahead: 0, Failed: 0 } })
          expect(found.same + wrongs).toBe(keys.length)
          expect(found.samples).toHaveLength(Math.min(20, wrongs))

          const part = yield* Replay.inPlace(projection, { after: from }, { keysAtOnce })
          const whole = yield* Replay.inPlace(projection, "all", { keysAtOnce })
          expect(whole.keys).toBe(keys.length)
          expect(part.changed + whole.changed).toBe(wrongs)
          yield* Scene.expectRight(keys)
          expect(yield* Replay.dryRun(projection, "all")).toMatchObject({ same: keys.length, samples: [] })

          yield* Scene.node(projection)
          for (const key of keys) yield* Scene.append(key, [5])
          yield* Scene.reached(keys)
          yield* Scene.expectRight(keys)
        })
      ),
    settings
  )

  test.prop(
    "a version that was filled side by side equals the live one, wherever its processes crash and however its events come",
    { delivery: deliveries, earlier: Scene.histories, later: Scene.histories, script: faults },
    ({ delivery, earlier, later, script }) =>
      onStorage(
        Effect.gen(function* () {
          const keys = Scene.keysOf([...earlier, ...later])
          for (const [key, amounts] of earlier) yield* Scene.append(key, amounts)
          yield* Scene.node(Side.live)
          yield* Side.nodeOfNext.pipe(
            Effect.provideServiceEffect(
              FewJournal,
              Effect.map(FewJournal, (journal) => deliveredBy(journal, delivery))
            ),
            Effect.provideServiceEffect(
              Side.NextSumsView,
              Effect.map(Side.NextSumsView, (_) => faultyStore(_, script))
            )
          )
          for (const [key, amounts] of later) yield* Scene.append(key, amounts)
          yield* Side.bothReached(keys)
          const found = yield* SideBySide.verify(Side.live, Side.next)
          expect(found).toMatchObject({ same: keys.length, samples: [], unsettledKeys: [] })
          yield* Scene.expectRight(keys)
        })
      ),
    settings
  )
}

export const dryRunTests = (it: ReplayTest): void =>
  it("a dry run tells each kind of what is wrong, with the field, and writes nothing", dryRun)

const dryRun: Scene.Step = Effect.gen(function* () {
  const view = yield* SumsView
  for (const key of ["right", "other", "missing", "behind", "ahead"]) yield* Scene.append(key, [1, 2])
  yield* Scene.append("failed", [13])
  const row = Scene.after([1, 2])
  const rows = new Map([
    ["right", row],
    ["other", { ...row, view: { ...row.view, count: 7 } }],
    ["behind", Scene.after([1])],
    ["ahead", Scene.after([1, 2, 3])]
  ])
  yield* Scene.spoil(rows)
  yield* Scene.append("later", [1])
  yield* Scene.append("right", [3])
  const found = yield* Replay.dryRun(Scene.by(Scene.superstitious), "all")
  expect(found).toMatchObject({ keys: 7, same: 1, unreached: 1 })
  expect(found.counts).toEqual({ Different: 1, Missing: 1, Behind: 1, Ahead: 1, Failed: 1 })
  const samples = new Map(found.samples.map(({ key, ...rest }) => [key, rest]))
  expect(samples.get("other")).toEqual({ kind: "Different", version: 2, field: "count", stored: 7, folded: 2 })
  expect(samples.get("missing")).toEqual({ kind: "Missing", version: 0 })
  expect(samples.get("behind")).toEqual({ kind: "Behind", version: 1 })
  expect(samples.get("ahead")).toEqual({ kind: "Ahead", version: 3 })
  expect(samples.get("failed")).toMatchObject({ kind: "Failed", reason: expect.stringContaining("bad luck") })
  for (const [key, stored] of rows) expect(yield* view.get(key)).toEqual(Option.some(stored))
  expect(yield* view.get("missing")).toEqual(Option.none())
})
