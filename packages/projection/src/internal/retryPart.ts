/**
 * Trying again a part of a merged row that was set aside: the events of its partition that write to it are folded onto what
 * is stored, from there on. An event that the process has not come to yet is skipped by it when it does.
 */
import type { EntityEvent, Journal, JournalError, Quarantine, Tagging } from "@aecor/core"
import { Chunk, Effect, Either, Option, Stream } from "effect"
import type { ViewStore, ViewStoreError } from "../View.js"
import { type Before, foldPage, type Project } from "./fold.js"

interface Source<V, E> {
  readonly projection: string
  readonly project: Project<V, E>
  readonly rowsOf: (tag: Tagging.EventTag) => (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>
  readonly journal: Pick<Journal.Journal<E>, "currentEventsByTag">
  readonly store: Pick<ViewStore<V>, "load" | "settle">
}

interface Folded<V> extends Before<V> {
  readonly reached: number
  readonly failure: Option.Option<Quarantine.Failure>
}

/** Goes on with what was passed over meanwhile, until nothing was. */
export const retryPart =
  <V, E extends { readonly _tag: string }>(source: Source<V, E>) =>
  (entry: Quarantine.Entry): Effect.Effect<Quarantine.Outcome, ViewStoreError | JournalError.JournalError> =>
    Effect.gen(function* () {
      const loaded = yield* source.store.load(entry.consumer, [entry.key])
      // no event between the last that was folded and the first that failed writes to the row
      const start = Math.max(versionOf(loaded, entry.key), entry.position - 1)
      let folded: Folded<V> = { ...loaded, reached: start, failure: Option.none() }
      while (true) {
        const before = folded.reached
        folded = yield* foldOn(source, entry, folded)
        const outcome = yield* source.store.settle({ entry, ...folded })
        if (outcome !== "Behind" || folded.reached === before) return outcome
      }
    })

const versionOf = ({ rows, tombstones }: Before<unknown>, key: string): number =>
  rows.get(key)?.version ?? tombstones.get(key) ?? 0

const foldOn = <V, E extends { readonly _tag: string }>(
  { journal, project, projection, rowsOf }: Source<V, E>,
  { consumer, key }: Quarantine.Entry,
  start: Folded<V>
): Effect.Effect<Folded<V>, JournalError.JournalError> =>
  Effect.suspend(() => {
    let folded = start
    const writes = rowsOf(consumer.tag)
    const events = Stream.chunks(journal.currentEventsByTag(consumer.tag, start.reached))
    const all = Stream.runForEachWhile(events, (chunk) =>
      Effect.sync(() => {
        const own = Chunk.toReadonlyArray(chunk).filter((event) => writes(event).includes(key))
        const rules = { project, projection, setsAside: true }
        const page = Either.getOrThrow(
          foldPage(
            rules,
            own,
            folded,
            new Map(),
            own.map(() => [key])
          )
        )
        const [aside] = page.entered.values()
        const changed = page.rows.size > 0 || page.tombstones.size > 0
        const after: Before<V> = changed ? page : folded
        folded = {
          rows: after.rows,
          tombstones: after.tombstones,
          reached: Math.max(folded.reached, versionOf(after, key)),
          failure: Option.map(Option.fromNullable(aside), ({ failure }) => failure)
        }
        return aside === undefined
      })
    )
    return Effect.map(all, () => folded)
  })
