/** What a node says of a commit to a view. */
import { expect, it } from "@effect/vitest"
import * as CommitMessage from "../src/internal/commitMessage.js"

const rows = (count: number, name = "k") =>
  new Map(Array.from({ length: count }, (_, n) => [`${name}-${n}`, { version: n + 1 }]))

it("says the versions of rows and of deleted ones", () => {
  const change = CommitMessage.of(rows(2), new Map([["gone", 7]]))
  const expected = new Map([
    ["gone", 7],
    ["k-0", 1],
    ["k-1", 2]
  ])
  expect(change).toEqual(expected)
  expect(CommitMessage.decode(CommitMessage.encode(change))).toEqual(expected)
})

it("takes keys as they are", () => {
  const versions = new Map([
    ['a "b" c', 1],
    ["ключ 🎫", 2]
  ])
  expect(CommitMessage.decode(CommitMessage.encode(versions))).toEqual(versions)
})

it("says only that something has changed where there are too many keys, or too long ones", () => {
  expect(CommitMessage.of(rows(101), new Map())).toBe("Something")
  expect(CommitMessage.both(new Map([["a", 1]]), CommitMessage.of(rows(100), new Map()))).toBe("Something")
  const long = new Map([["ж".repeat(4000), 1]])
  expect(CommitMessage.encode(long)).toBe(CommitMessage.encode("Something"))
  expect(Buffer.byteLength(CommitMessage.encode(new Map([["x".repeat(6900), 1]])))).toBeLessThan(7900)
})

it("tells two changes together by the later version of each key, in whatever order they were noticed", () => {
  const [one, two] = [
    new Map([
      ["a", 3],
      ["b", 1]
    ]),
    new Map([["a", 2]])
  ]
  const together = new Map([
    ["a", 3],
    ["b", 1]
  ])
  expect(CommitMessage.both(one, two)).toEqual(together)
  expect(CommitMessage.both(two, one)).toEqual(together)
  expect(CommitMessage.both(one, "Something")).toBe("Something")
})

it.each([undefined, "commit", "append 3", "commit {", 'commit [["a"]]', 'commit [["a", -1]]', 'commit [["a", "1"]]'])(
  "takes %j for something that has changed",
  (said) => {
    expect(CommitMessage.decode(said)).toBe("Something")
  }
)
