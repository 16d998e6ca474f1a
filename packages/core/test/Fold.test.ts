import { Fold } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { FastCheck, Schema } from "effect"
import { Closed, fold, Opened } from "./fixtures/Wallet.js"

class Added extends Schema.TaggedClass<Added>()("Added", { by: Schema.Int }) {}
class Reset extends Schema.TaggedClass<Reset>()("Reset", {}) {}
const counter = Fold.of(Schema.Union(Added, Reset))<ReadonlyArray<number>>([], {
  Added: (seen, { by }) => [...seen, by],
  Reset: () => []
})
const anyEvents = FastCheck.array(
  FastCheck.oneof(
    FastCheck.integer().map((by) => new Added({ by })),
    FastCheck.constant(new Reset())
  )
)

describe("a fold", () => {
  it("chooses the case of each event by its tag", () => {
    expect(Fold.run(counter, [new Added({ by: 1 }), new Reset(), new Added({ by: 2 })])).toEqual([2])
  })

  it("gives its initial state for no events", () => {
    expect(Fold.run(counter, [])).toEqual([])
    expect(Fold.run(counter, [], [7])).toEqual([7])
  })

  it.prop("goes on from the state of any first part as from the whole", [anyEvents, anyEvents], ([first, second]) => {
    const whole = Fold.run(counter, [...first, ...second])
    expect(Fold.run(counter, second, Fold.run(counter, first))).toEqual(whole)
  })

  it.prop("takes the events in their order", [FastCheck.array(FastCheck.integer())], ([numbers]) => {
    const sum = Fold.make<ReadonlyArray<number>, number>([], (seen, n) => [...seen, n])
    expect(Fold.run(sum, numbers)).toEqual(numbers)
  })

  it("throws an impossible fold, with the reason and the event", () => {
    const broken = () => Fold.run(fold, [new Opened({ owner: "ann" }), new Closed(), new Opened({ owner: "ben" })])
    expect(broken).toThrow(Fold.ImpossibleFold)
    expect(broken).toThrow(/opened twice.*ben/)
  })

  it("describes an impossible fold even where its event cannot be written as JSON", () => {
    const circular: Record<string, unknown> = { big: 10n }
    circular["self"] = circular
    const error = new Fold.ImpossibleFold({ reason: "never", event: circular })
    expect(error.message).toContain("never")
    expect(() => Fold.impossible("paid", { amount: 10n })).toThrow("paid")
  })
})
