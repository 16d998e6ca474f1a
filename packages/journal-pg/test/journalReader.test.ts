// What waiting costs, on a journal that answers from memory and counts what it is asked.
import { Tagging } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Ref, Stream, TestClock } from "effect"
import * as journalReader from "../src/internal/journalReader.js"
import type { Row } from "../src/internal/journalRow.js"
import type { Listener } from "../src/internal/notifications.js"

it.scoped("twenty readers that wait cost one statement a poll; growth that nobody told of wakes them", () =>
  Effect.gen(function* () {
    const { asked, journal, store } = yield* readers
    const seen = yield* Ref.make(0)
    yield* Effect.forkScoped(
      Effect.forEach(
        tags,
        (tag) => Stream.runForEach(journal.eventsByTag(tag, 0), () => Ref.update(seen, (n) => n + 1)),
        { concurrency: "unbounded" }
      )
    )
    yield* settled
    expect(yield* asked).toBe(20)
    yield* TestClock.adjust("60 seconds")
    expect(yield* asked).toBe(60)
    store(7)
    yield* TestClock.adjust("1 second")
    expect(yield* Ref.get(seen)).toBe(1)
    // the poll, a page for each, and one more for the reader that got one
    expect(yield* asked).toBe(22)
  })
)

it.scoped("a notification wakes the readers of its partitions only, and one that may have been missed wakes all", () =>
  Effect.gen(function* () {
    const { asked, journal, notify, store } = yield* readers
    const reading = yield* Effect.forkScoped(
      Effect.forEach(tags, (tag) => Stream.runHead(journal.eventsByTag(tag, 0)), { concurrency: "unbounded" })
    )
    yield* settled
    yield* asked
    store(3)
    notify("3,4")
    yield* settled
    expect(yield* asked).toBe(2)
    for (const partition of tags.keys()) store(partition)
    notify(undefined)
    yield* settled
    expect((yield* Fiber.join(reading)).length).toBe(20)
    expect(yield* asked).toBe(19)
  })
)

it.scoped("a wake-up that comes while a page is read is not lost", () =>
  Effect.gen(function* () {
    const { journal, notify, onPage, store } = yield* readers
    onPage(() => {
      store(5)
      notify("5")
    })
    const reading = yield* Effect.forkScoped(Stream.runHead(journal.eventsByTag(tagOf(5), 0)))
    yield* settled
    expect(yield* Fiber.join(reading)).toMatchObject({ _tag: "Some" })
  })
)

const { tags } = Tagging.partitioned("T", 20)
const tagOf = (partition: number) => new Tagging.EventTag({ name: "T", partition })
const settled = Effect.repeatN(Effect.yieldNow(), 200)

const readers = Effect.gen(function* () {
  const rows: Array<Row & { readonly partition: number }> = []
  let listener: Listener = () => {}
  let count = 0
  let afterPage = () => {}

  const store = (partition: number) => {
    const position = String(rows.length + 1)
    const place = { position, sequence: "1", id: position, key: position, timestamp: "0" }
    rows.push({ ...place, partition, type: "E", payload: "{}", metadata: "{}" })
  }
  const answer = (statement: string, parameters: ReadonlyArray<unknown>): ReadonlyArray<object> => {
    count++
    if (statement === "head") return [{ head: String(rows.length) }]
    const [, partition, after] = parameters
    const page = rows.filter((row) => row.partition === partition && Number(row.position) > Number(after))
    const then = afterPage
    afterPage = () => {}
    then()
    return page
  }
  const journal = yield* journalReader.make<unknown>({
    journal: "Counting",
    identity: "1",
    sql: { identity: "", append: "", byKey: "key", byTag: "tag", headOfTag: "head", head: "head", headAt: "head" },
    // the fake rows are of the type that the statement asks for
    query: <A extends object>(statement: string, parameters: ReadonlyArray<unknown> = []) =>
      Effect.sync(() => answer(statement, parameters) as ReadonlyArray<A>),
    decode: (page) =>
      Effect.succeed(Chunk.fromIterable(page.map(({ payload, type: _, ...place }) => ({ ...place, event: payload })))),
    hub: {
      subscribe: (_, subscribed) =>
        Effect.sync(() => {
          listener = subscribed
        })
    },
    pollInterval: "1 second"
  })
  return {
    journal,
    store,
    notify: (said: string | undefined) => listener(said),
    onPage: (then: () => void) => {
      afterPage = then
    },
    /** How many statements were run since the last time that it was asked. */
    asked: Effect.sync(() => {
      const since = count
      count = 0
      return since
    })
  }
})
