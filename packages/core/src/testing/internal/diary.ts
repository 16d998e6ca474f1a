/** The entity that `SnapshotStoreSuite` tests with: a diary that answers all that it knows, opened and shut at will. */
import { Rpc } from "@effect/rpc"
import { Context, Effect, Exit, Layer, Option, Schema, Scope, Stream } from "effect"
import * as EntityHost from "../../EntityHost.js"
import * as EventSourced from "../../EventSourced.js"
import * as Fold from "../../Fold.js"
import * as Journal from "../../Journal.js"
import type { SnapshotStore } from "../../SnapshotStore.js"
import * as Snapshotting from "../../Snapshotting.js"
import * as Tagging from "../../Tagging.js"
import * as Rewindable from "./rewindable.js"

export class Written extends Schema.TaggedClass<Written>()("Written", { text: Schema.String, on: Schema.Date }) {}
class Torn extends Schema.TaggedClass<Torn>()("Torn", {}) {}
const DiaryEvent = Schema.Union(Written, Torn)

/** Its encoded form is another one, and whatever is missed or counted twice shows in it. */
const DiaryState = Schema.Struct({
  pages: Schema.Array(Schema.String),
  last: Schema.Option(Schema.Date)
})
type DiaryState = typeof DiaryState.Type

class DiaryJournal extends Journal.Tag<DiaryJournal>()("DiaryJournal", {
  event: DiaryEvent,
  tagging: Tagging.single("Diary")
}) {}

const fold = Fold.of(DiaryEvent)<DiaryState>(
  { pages: [], last: Option.none() },
  {
    Written: ({ pages }, { on, text }) => ({ pages: [...pages, text], last: Option.some(on) }),
    Torn: ({ last, pages }, event) =>
      pages.length > 0 ? { pages: pages.slice(0, -1), last } : Fold.impossible("torn from a blank diary", event)
  }
)

class Blank extends Schema.TaggedError<Blank>()("Blank", {}) {}

const definition = {
  journal: DiaryJournal,
  fold,
  protocol: [
    Rpc.make("Write", { payload: { texts: Schema.Array(Schema.String) }, success: Schema.Int }),
    Rpc.make("Tear", { success: Schema.String, error: Blank }),
    Rpc.make("Read", { success: DiaryState }),
    Rpc.make("Glance", { success: DiaryState }).annotate(EventSourced.CachedRead, true)
  ]
} as const

export class Diary extends EventSourced.Tag<Diary>()("Diary", definition) {}

export const on = new Date("2024-02-29T12:00:00.001Z")

const handlers = Diary.handlers({
  Write: ({ texts }, session) =>
    Effect.gen(function* () {
      yield* session.append(...texts.map((text) => new Written({ text, on })))
      return (yield* session.state).pages.length
    }),
  Tear: (_, session) =>
    Effect.gen(function* () {
      const page = (yield* session.state).pages.at(-1)
      if (page === undefined) return yield* new Blank()
      yield* session.append(new Torn())
      return page
    }),
  Read: (_, session) => session.state,
  Glance: (_, session) => session.state
})

type Served = Layer.Layer<Diary, never, EntityHost.EntityHost | DiaryJournal | SnapshotStore>

export const unsaved: Served = Diary.layer(handlers)

/** The same entity with snapshots. */
export const saved = (every: number, version = 1): Served => {
  const key = `${every} ${version}`
  const known = made.get(key)
  if (known !== undefined) return known
  const snapshots = Snapshotting.every(every, { state: DiaryState, version })
  const served = EventSourced.Tag<Diary>()("Diary", { ...definition, snapshots }).layer(handlers)
  made.set(key, served)
  return served
}
const made = new Map<string, Served>()

/** The key of a diary's snapshot. */
export const snapshotKey = (key: string): string => JSON.stringify(["Diary", key])

export interface Desk {
  readonly journal: Rewindable.Rewindable<typeof DiaryEvent.Type>
  /** The journal as the diary has it. */
  readonly served: Layer.Layer<DiaryJournal>
  /** From which sequences entities have been read. */
  readonly reads: Array<number>
  /** Serves the diary anew, as after a start of the process: it knows what the journal and the store hold. */
  readonly open: (served: Served) => Effect.Effect<EventSourced.Client<Commands>, never, SnapshotStore>
  /** Ends what was opened last; snapshots that wait are saved. */
  readonly shut: Effect.Effect<void>
}
type Commands = (typeof definition)["protocol"][number]

/** A desk with an empty journal. */
export const desk: Effect.Effect<Desk, never, Scope.Scope> = Effect.gen(function* () {
  const journal = yield* Rewindable.make(DiaryJournal)
  const reads: Array<number> = []
  const probed: Journal.Journal<typeof DiaryEvent.Type> = {
    ...journal,
    read: (key, from) =>
      Stream.suspend(() => {
        reads.push(from)
        return journal.read(key, from)
      })
  }
  let scope: Scope.CloseableScope | undefined
  const shut = Effect.suspend(() => {
    const opened = scope
    scope = undefined
    return opened === undefined ? Effect.void : Scope.close(opened, Exit.void)
  })
  yield* Effect.addFinalizer(() => shut)
  const held = Layer.succeed(DiaryJournal, probed)
  return {
    journal,
    served: held,
    reads,
    shut,
    open: (served) =>
      Effect.gen(function* () {
        yield* shut
        scope = yield* Scope.make()
        const layer = served.pipe(Layer.provide([EntityHost.layerLocal, held]))
        return Context.get(yield* Layer.buildWithScope(Layer.fresh(layer), scope), Diary)
      })
  }
})
