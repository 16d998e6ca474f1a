// What golden files that are wrong are told. The suite itself runs in `evolution`.
import { EventFormat, Upcast } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Golden from "../src/testing/internal/goldenCheck.js"

describe("golden files", () => {
  it.scoped("pass when each is there, is read, and is written as ever", () =>
    Effect.gen(function* () {
      expect(yield* saidOf(counts, yield* folderOf(files))).toEqual([])
    })
  )

  it.scoped("that are missing are named, with what to put into them: the older ones as they are written today", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ "Old.v1.json": files["Old.v1.json"] })
      const said = yield* saidOf(counts, folder)
      expect(said.map((message) => message.split(":")[0])).toEqual(["Count.v1.json", "Count.v2.json"])
      for (const [i, name] of ["Count.v1.json", "Count.v2.json"].entries()) {
        expect(said[i]).toContain(`create ${path.join(folder, name)}`)
      }
      const [{ count }] = jsonIn(said[0]) as [{ count: number }]
      expect(jsonIn(said[0])).toEqual([{ _tag: "Count", count }])
      expect(jsonIn(said[1])).toEqual([counted(count), counted(-7)])
      expect(fs.readdirSync(folder)).toEqual(["Old.v1.json"])
    })
  )

  it.scoped("that are missing are made up where nothing older becomes them: valid ones, and always the same", () =>
    Effect.gen(function* () {
      const orNought = Schema.optionalWith(Schema.Int, { default: () => 0 })
      const event = Schema.TaggedStruct("Odd/é", {
        a: orNought,
        b: orNought,
        c: orNought,
        d: orNought,
        n: Schema.Int.pipe(Schema.filter((n) => n % 2 !== 0)),
        at: Schema.DateTimeUtc,
        note: Schema.optionalWith(Schema.String, { as: "Option", exact: true })
      })
      const odd = EventFormat.make({ label: "Odd", event: event.pipe(Schema.filter(({ n }) => n > 0)) })
      const [said] = yield* saidOf(odd, path.join(yield* folderOf({}), "none"))
      expect(said).toContain("Odd%2F%C3%A9.v1.json")
      expect(yield* saidOf(odd, yield* folderOf({ "Odd%2F%C3%A9.v1.json": jsonIn(said) }))).toEqual([])
      expect(jsonIn((yield* saidOf(odd, yield* folderOf({})))[0])).toEqual(jsonIn(said))
    })
  )

  it.scoped("that are missing and cannot be made up are to be written by hand", () =>
    Effect.gen(function* () {
      const event = Schema.TaggedStruct("Never", { text: Schema.String.pipe(Schema.filter(() => false)) })
      const [said] = yield* saidOf(EventFormat.make({ label: "Never", event }), yield* folderOf({}))
      expect(said).toMatch(/^Never.v1.json: no example can be made up, write it by hand: .*filters/)
    })
  )

  it.scoped("are written on demand where they are missing, and never touched where they are there", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ "Old.v1.json": files["Old.v1.json"], "Count.v2.json": [counted(1)] })
      const before = yield* saidOf(counts, folder)
      expect(yield* saidOf(counts, folder, true)).toHaveLength(1)
      expect(fs.readdirSync(folder)).toEqual(Object.keys(files))
      expect(readIn(folder, "Count.v1.json")).toEqual(jsonIn(before[0]))
      expect(readIn(folder, "Count.v2.json")).toEqual([counted(1)])
      // what the older examples are written as is not yet among the current ones
      const [v1, old] = yield* saidOf(counts, folder)
      for (const said of [v1, old]) expect(said).toContain("add it there")
      expect(old).toMatch(/^Old.v1.json: .* no example of Count.v2.json shows it/)
      expect(jsonIn(old)).toEqual([counted(-7)])
    })
  )

  it.scoped("tell of a change of what is stored without a new version", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ "Count.v1.json": [{ _tag: "Count", count: 7, unit: "g" }] })
      const [said] = yield* saidOf(EventFormat.make({ label: "Counts", event: CountV1 }), folder)
      expect(said).toMatch(/^Count.v1.json: an example is written today as below/)
      expect(jsonIn(said)).toEqual([{ _tag: "Count", count: 7 }])
    })
  )

  it.scoped("tell of an event that is no longer read", () =>
    Effect.gen(function* () {
      const [said, ...others] = yield* saidOf(
        EventFormat.make({ label: "Counts", event: Count }),
        yield* folderOf({ "Count.v1.json": files["Count.v1.json"] })
      )
      expect(said).toMatch(/^Count.v1.json: an example is no longer read: type "Count", version 1: /)
      expect(others).toEqual([])
    })
  )

  it.scoped("that the journal does not read are left over", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...files, "Count.v3.json": [], "Lost.v1.json": [], "README.md": [] })
      expect(yield* saidOf(counts, folder)).toEqual([expect.stringMatching(/^Count.v3.json, Lost.v1.json: /)])
    })
  )

  it.scoped("have to be lists of one example or more", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...files, "Count.v1.json": [], "Old.v1.json": { _tag: "Old", n: 7 } })
      fs.writeFileSync(path.join(folder, "Count.v2.json"), "[")
      const said = yield* saidOf(counts, folder)
      expect(said[0]).toBe("Count.v1.json: it must be a list of one example or more")
      expect(said[1]).toMatch(/^Count.v2.json: SyntaxError/)
      expect(said[2]).toBe("Old.v1.json: it must be a list of one example or more")
    })
  )
})

const Old = Schema.TaggedStruct("Old", { n: Schema.Int })
const CountV1 = Schema.TaggedStruct("Count", { count: Schema.Int })
const Count = Schema.TaggedStruct("Count", { n: Schema.Int, at: Schema.DateTimeUtc })
const counted = (n: number) => ({ _tag: "Count", n, at: "2020-02-02T00:00:00.000Z" }) as const
const count = (n: number) => Schema.decodeSync(Count)(counted(n))

const counts = EventFormat.make({
  label: "Counts",
  event: Count,
  upcasts: {
    Count: [Upcast.make(CountV1, Count, (old) => count(old.count))],
    Old: [Upcast.make(Old, Count, ({ n }) => count(-n))]
  }
})
const files = {
  "Count.v1.json": [{ _tag: "Count", count: 7 }],
  "Count.v2.json": [counted(7), counted(-7), counted(1)],
  "Old.v1.json": [{ _tag: "Old", n: 7 }]
}

const folderOf = (contents: Readonly<Record<string, unknown>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "golden-"))
      for (const [name, json] of Object.entries(contents)) {
        fs.writeFileSync(path.join(folder, name), JSON.stringify(json))
      }
      return folder
    }),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true }))
  )

/** What the tests of a folder fail with. */
const saidOf = <E>(format: EventFormat.EventFormat<E>, folder: string, writes = false) =>
  Effect.gen(function* () {
    const { check, leftOver } = Golden.make(format, folder, writes)
    const outcomes = yield* Effect.forEach([...format.shapes.map(check), leftOver], Effect.either)
    return outcomes.flatMap((one) => (Either.isLeft(one) ? [one.left.message] : []))
  })

const jsonIn = (message = ""): unknown => JSON.parse(message.slice(message.indexOf("\n\n")))
const readIn = (folder: string, name: string): unknown => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"))
