// Uses a journal for a moment: appends, follows, prints where it has got to, waits for a word, and closes everything. What
// ends the process then is that nothing is left to do.
import { once } from "node:events"
import { Journal, Tagging } from "@aecor/core"
import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"

const [url = "", table = ""] = process.argv.slice(2)

class Notes extends Journal.Tag<Notes>()("Notes", {
  event: Schema.TaggedStruct("Noted", { text: Schema.String }),
  tagging: Tagging.partitioned("Note", 4)
}) {}

const moment = Effect.gen(function* () {
  const journal = yield* Notes
  yield* journal.append("a", 0, [{ _tag: "Noted", text: "x" }])
  const seen = yield* Stream.runHead(journal.eventsByTag(Notes.tagging.tagOf("a"), 0))
  process.stdout.write(JSON.stringify(seen))
  yield* Effect.promise(() => once(process.stdin, "data"))
  process.stdin.destroy()
})

const NotesLive = PgJournal.layer(Notes, { table, patience: "1 second" }).pipe(
  Layer.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 2 }))
)
await Effect.runPromise(Effect.provide(moment, NotesLive))
process.stdout.write("closed")
