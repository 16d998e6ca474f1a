import { EventFormat } from "@aecor/core"
import { addEqualityTesters, describe, expect, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { parsed } from "./fixtures/parsed.js"
import { ParcelDelivered, ParcelJournal, ParcelLost, ParcelSent } from "./evolution/parcel.js"
import { WalletEvent } from "./fixtures/Wallet.js"

addEqualityTesters()

const { format } = ParcelJournal
const sent = (grams: number, insured = false) => new ParcelSent({ to: "ann", grams, insured })
const refusal = (type: string, version: number, encoded: unknown = {}) =>
  Effect.runSync(Effect.flip(format.decode(type, version, encoded)))

describe("a format", () => {
  it("writes an event under its type, in the version after the last upcast", () => {
    expect(format.encode(sent(7))).toEqual(
      Either.right({
        type: "ParcelSent",
        version: 3,
        encoded: { _tag: "ParcelSent", to: "ann", grams: 7, insured: false }
      })
    )
    expect(format.encode(new ParcelLost())).toEqual(
      Either.right({ type: "ParcelLost", version: 1, encoded: { _tag: "ParcelLost" } })
    )
  })

  it("reads each version by its own schema, as an event of today", () => {
    const shape = (fields: object) => ({ _tag: "ParcelSent", to: "ann", ...fields })
    expect(parsed(format.decode("ParcelSent", 1, shape({ pounds: 2 })))).toEqual(sent(907))
    expect(parsed(format.decode("ParcelSent", 2, shape({ grams: 7 })))).toEqual(sent(7))
    expect(parsed(format.decode("ParcelSent", 3, shape({ grams: 7, insured: true })))).toEqual(sent(7, true))
    expect(parsed(format.decode("ParcelSent", 3, shape({ grams: 7, insured: true })))).toBeInstanceOf(ParcelSent)
  })

  it("reads a name that is no longer written, and one that has become two by what it holds", () => {
    const closed = (lost: boolean) => format.decode("ParcelClosed", 1, { _tag: "ParcelClosed", lost })
    expect(parsed(format.decode("PackageMailed", 1, { _tag: "PackageMailed", address: "ann" }))).toEqual(sent(0))
    expect([closed(true), closed(false)].map(parsed)).toEqual([new ParcelLost(), new ParcelDelivered()])
  })

  it("tells every shape that it reads, and which are written", () => {
    expect(format.shapes.map(({ current, type, version }) => [type, version, current])).toEqual([
      ["ParcelSent", 1, false],
      ["ParcelSent", 2, false],
      ["ParcelSent", 3, true],
      ["ParcelDelivered", 1, true],
      ["ParcelLost", 1, true],
      ["PackageMailed", 1, false],
      ["ParcelClosed", 1, false]
    ])
  })

  it.prop("gives every event back as it was written", { event: ParcelJournal.event }, ({ event }) => {
    const { encoded, type, version } = parsed(format.encode(event))
    expect(parsed(format.decode(type, version, JSON.parse(JSON.stringify(encoded))))).toEqual(event)
  })

  it.prop("writes and reads as the schema of the union does", { event: WalletEvent }, ({ event }) => {
    const wallet = EventFormat.make({ label: "Wallet", event: WalletEvent })
    const { encoded, type, version } = parsed(wallet.encode(event))
    expect(encoded).toEqual(Schema.encodeSync(WalletEvent)(event))
    expect(parsed(wallet.decode(type, version, encoded))).toEqual(Schema.decodeUnknownSync(WalletEvent)(encoded))
  })

  it("needs no effect for a synchronous schema", () => {
    expect(Either.isEither(format.encode(sent(7)))).toBe(true)
    expect(Either.isEither(format.decode("ParcelLost", 1, { _tag: "ParcelLost" }))).toBe(true)
    expect(Either.isEither(format.decode("ParcelLost", 1, {}))).toBe(true)
  })
})

describe("a format refuses", () => {
  it("a type that it does not know", () => {
    const error = refusal("ParcelBurnt", 4)
    expect(error).toMatchObject({ _tag: "Unreadable", reason: "UnknownType", type: "ParcelBurnt", version: 4 })
    expect(error.message).toBe(`type "ParcelBurnt", version 4: this code knows no such type`)
  })

  it.each(["constructor", "toString", "__proto__", ""])("the type %j, which only JavaScript knows", (type) => {
    expect(refusal(type, 1)).toMatchObject({ reason: "UnknownType", type })
  })

  it.each([4, 100, 0, -1, 1.5, Number.NaN])("version %d of a type that has three", (version) => {
    const error = refusal("ParcelSent", version, { _tag: "ParcelSent", to: "ann", grams: 7, insured: true })
    expect(error).toMatchObject({ reason: "UnknownVersion", type: "ParcelSent", version })
    expect(error.message).toBe(`type "ParcelSent", version ${version}: of this type the code knows versions 1 to 3`)
  })

  it("a version of a name that is no longer written that was never written", () => {
    expect(refusal("PackageMailed", 2)).toMatchObject({ reason: "UnknownVersion" })
  })

  it("what its schema does not read, and says why", () => {
    const error = refusal("ParcelSent", 2, { _tag: "ParcelSent", to: "ann", grams: "7" })
    expect(error).toMatchObject({
      reason: "Undecodable",
      type: "ParcelSent",
      version: 2,
      cause: { _tag: "ParseError" }
    })
    expect(error.message).toContain(`type "ParcelSent", version 2: `)
    expect(error.message).toContain("grams")
  })

  it("an event that is stored under the type of another", () => {
    expect(refusal("ParcelLost", 1, { _tag: "ParcelDelivered" })).toMatchObject({ reason: "Undecodable" })
  })

  it("to write an event that its schema refuses, or that is none of the journal's", () => {
    const wrong = [new ParcelSent({ to: "", grams: 1, insured: true }, true), { _tag: "ParcelBurnt" } as never]
    for (const event of wrong)
      expect(format.encode(event)).toMatchObject({ _tag: "Left", left: { _tag: "ParseError" } })
  })
})
