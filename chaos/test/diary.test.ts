/** What goes from process to process arrives as it was. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "effect/FastCheck"
import * as Checker from "../src/journal/checker.js"
import * as Diary from "../src/journal/diary.js"
import * as Messages from "../src/journal/messages.js"

describe("a diary", () => {
  it.scoped("tells a ledger what was sent and answered, and nothing of what was not answered", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const diary = yield* Diary.open(file)
      const [stored, refused, doubted, unanswered] = [1, 2, 3, 2 ** 40].map((append) => ({
        append,
        key: append + 10,
        expected: append + 20,
        count: 4
      })) as [Checker.Append, Checker.Append, Checker.Append, Checker.Append]
      for (const append of [stored, refused, doubted, unanswered]) diary.sent(append)
      diary.told(1, "stored")
      diary.told(2, "refused")
      diary.told(3, "unknown")
      const ledger = Checker.makeLedger()
      yield* Diary.read(file, ledger)
      expect([...ledger.appends.values()]).toEqual([
        { ...stored, outcome: "stored" },
        { ...refused, outcome: "refused" },
        { ...doubted, outcome: "unknown" },
        { ...unanswered, outcome: "unknown" }
      ])
    })
  )

  it.scoped("that ends in the middle of a note is read up to that note, which had not been acted on", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      fs.writeFileSync(file, "sent 1 2 3 4;\nstored 1;\nsent 2 5")
      const ledger = Checker.makeLedger()
      yield* Diary.read(file, ledger)
      expect([...ledger.appends.values()]).toEqual([{ append: 1, key: 2, expected: 3, count: 4, outcome: "stored" }])
    })
  )
})

describe("a page of events", () => {
  it("is the same after its journey", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat(63))), (events) => {
        const page = events.map(([key, sequence, position, append, index]) => ({
          id: "",
          key: String(key),
          sequence,
          position,
          timestamp: 0,
          metadata: {},
          event: { _tag: "Written" as const, append, index }
        }))
        const seen: Array<Checker.Seen> = []
        const read = { _tag: "Read", partition: 3, lagMs: 0, events: Messages.pack(page) } as const
        Messages.unpack(read, (event) => seen.push(event))
        expect(seen).toEqual(
          events.map(([key, sequence, position, append, index]) => ({
            partition: 3,
            key,
            sequence,
            position,
            id: Checker.idOf(append, index)
          }))
        )
      })
    ))
})

const temporaryFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "chaos-test-"))),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => path.join(folder, "diary")
)
