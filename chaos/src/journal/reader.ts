/**
 * A reader's process: reads every partition live, and tells what it sees, in the order in which it sees it. When a
 * stream fails it goes on after the last event that it has seen, as a projection would.
 */
import type { Tagging } from "@aecor/core"
import { Chunk, Effect, Stream } from "effect"
import * as Child from "../run/child.js"
import * as Messages from "./messages.js"
import * as Model from "./model.js"

const settings = Messages.settings()

const follow = (tag: Tagging.EventTag) =>
  Effect.gen(function* () {
    const journal = yield* Model.ChaosJournal
    const { partition } = tag
    let after = 0
    const once = Effect.suspend(() =>
      Stream.runForEachChunk(journal.eventsByTag(tag, after), (chunk) =>
        Effect.sync(() => {
          const events = Chunk.toReadonlyArray(chunk)
          const [first, last] = [events[0], events.at(-1)]
          if (first === undefined || last === undefined) return
          const lagMs = Math.max(0, Date.now() - first.timestamp)
          Messages.tell({ _tag: "Read", partition, lagMs, events: Messages.pack(events) })
          after = last.position
        })
      )
    )
    const resume = Effect.catchAll(once, ({ message }) =>
      Effect.sync(() => Messages.tell({ _tag: "Resumed", why: message }))
    )
    return yield* Effect.forever(Effect.zipRight(resume, Effect.sleep("100 millis")))
  })

const main = Effect.gen(function* () {
  Child.tellReady()
  yield* Effect.forEach(Model.ChaosJournal.tagging.tags, follow, { concurrency: "unbounded", discard: true })
}).pipe(Effect.provide(Model.journal(Model.client(settings.url, `chaos reader ${settings.place + 1}`))))

Child.run(main)
