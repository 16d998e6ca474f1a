/** The way of a replay through the journal: some tags at once, the selected keys, and how far it is. */
import type { Journal, JournalError, Offset, Tagging } from "@aecor/core"
import { Clock, DateTime, Duration, Effect, Number, Option } from "effect"
import type { ViewProjection } from "../Projection.js"
import type { Progress, Selection, WalkOptions } from "../ReplayModels.js"
import { type Affected, foldKey, foldTag, type Outcome } from "./replayFold.js"

const defaultKeysAtOnce = 20_000
const defaultTagsAtOnce = 4

type Use<V, X, R> = (outcomes: ReadonlyMap<string, Outcome<V>>, tag: Tagging.EventTag) => Effect.Effect<void, X, R>

/**
 * Hands over what the selected keys' events make of them, each key once: tags are read and folded side by side, and what
 * comes of them is used one after the other. Gives how many events were read.
 */
export const walk = <JS, E extends { readonly _tag: string }, VS, V, X, R>(
  projection: ViewProjection<JS, E, VS, V>,
  selection: Selection,
  use: Use<V, X, R>,
  { keysAtOnce = defaultKeysAtOnce, onProgress = () => Effect.void, tagsAtOnce = defaultTagsAtOnce }: WalkOptions
): Effect.Effect<number, X | JournalError.JournalError, R | JS> =>
  Effect.gen(function* () {
    const journal = yield* projection.journal
    const source = { projection: projection.name, project: projection.project, journal }
    const { tagOf, tags } = projection.journal.tagging
    if (typeof selection === "object" && "key" in selection) {
      const outcome = yield* foldKey(source, selection.key)
      yield* use(new Map(Option.toArray(outcome).map((one) => [selection.key, one])), tagOf(selection.key))
      return Option.match(outcome, { onNone: () => 0, onSome: (one) => (one._tag === "Right" ? one.right.version : 0) })
    }
    const affected: Affected = yield* Effect.gen(function* () {
      if (selection === "all") return { _tag: "Keys" as const, takes: () => true }
      if ("from" in selection) {
        const { from, to } = selection
        return { _tag: "Keys" as const, takes: (key: string) => key >= from && key <= to }
      }
      return { _tag: "After" as const, offset: yield* offsetOf(journal, selection) }
    })
    const told = yield* progress
    const turn = yield* Effect.makeSemaphore(1)
    const parts = tags.map(() => 0)
    let events = 0
    yield* Effect.forEach(
      tags,
      (tag, i) =>
        foldTag({
          source,
          tag,
          affected,
          keysAtOnce,
          use: (outcomes) => turn.withPermits(1)(use(outcomes, tag)),
          read: (count, part) => {
            events += count
            parts[i] = part
            return Effect.flatMap(told(events, Number.sumAll(parts) / tags.length), onProgress)
          }
        }),
      { concurrency: Math.max(1, tagsAtOnce), discard: true }
    )
    return events
  })

/** The offset after which everything is affected: as it is given, or that of the last event before a time. */
export const offsetOf = (
  { positionAt }: Pick<Journal.Journal<never>, "positionAt">,
  selection: { readonly after: Offset.Offset } | { readonly since: DateTime.Utc }
): Effect.Effect<Offset.Offset, JournalError.JournalError> =>
  "after" in selection ? Effect.succeed(selection.after) : positionAt(DateTime.subtract(selection.since, { millis: 1 }))

/** How fast it is since now, and what is left at that rate. */
const progress: Effect.Effect<(events: number, part: number) => Effect.Effect<Progress>> = Effect.map(
  Clock.currentTimeMillis,
  (since) => (events, part) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const took = now - since
      return {
        events,
        part,
        perSecond: took > 0 ? Math.round((events * 1000) / took) : 0,
        left: part > 0 && took > 0 ? Option.some(Duration.millis((took * (1 - part)) / part)) : Option.none()
      }
    })
)
