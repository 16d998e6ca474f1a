/**
 * Trying again a key that an exactly-once projection has set aside: all its events are folded from the first on, and the
 * row they make is stored where the key leaves the quarantine with it. Nothing of it needs the process, or its fence.
 */
import type { EntityEvent, Journal, JournalError, Quarantine } from "@aecor/core"
import { Chunk, Effect, Either, Option, Stream } from "effect"
import type { ViewStore, ViewStoreError } from "../View.js"
import { type Before, foldPage, type Project } from "./fold.js"

interface Source<V, E> {
  readonly projection: string
  readonly project: Project<V, E>
  readonly journal: Pick<Journal.Journal<E>, "read">
  readonly store: Pick<ViewStore<V>, "settle">
}

/** How far a key was folded. */
interface Folded<V> extends Before<V> {
  readonly reached: number
  readonly failure: Option.Option<Quarantine.Failure>
}

/** Goes on with what was passed over meanwhile, until nothing was. */
export const retryFold =
  <V, E extends { readonly _tag: string }>(source: Source<V, E>) =>
  (entry: Quarantine.Entry): Effect.Effect<Quarantine.Outcome, ViewStoreError | JournalError.JournalError> =>
    Effect.gen(function* () {
      let folded: Folded<V> = { reached: 0, rows: new Map(), tombstones: new Map(), failure: Option.none() }
      while (true) {
        const before = folded.reached
        folded = yield* foldOn(source, entry, folded)
        const outcome = yield* source.store.settle({ entry, ...folded })
        if (outcome !== "Behind" || folded.reached === before) return outcome
      }
    })

/** Folds the events of the key after those that are folded, up to its head or to one that fails. */
const foldOn = <V, E extends { readonly _tag: string }>(
  { journal, project, projection }: Source<V, E>,
  entry: Quarantine.Entry,
  start: Folded<V>
): Effect.Effect<Folded<V>, JournalError.JournalError> =>
  Effect.suspend(() => {
    let folded = start
    const events = Stream.chunks(journal.read(entry.key, start.reached + 1))
    const all = Stream.runForEachWhile(events, (chunk) =>
      Effect.sync(() => {
        folded = foldSome({ project, projection }, Chunk.toReadonlyArray(chunk), folded)
        return Option.isNone(folded.failure)
      })
    )
    return Effect.matchEffect(all, {
      onSuccess: () => Effect.succeed(folded),
      onFailure: (error) => {
        if (error.reason !== "Undecodable") return Effect.fail(error)
        // an event that cannot be read is a failure of its key
        return Effect.succeed({ ...folded, failure: Option.some({ ...entry, cause: error.message }) })
      }
    })
  })

const foldSome = <V, E extends { readonly _tag: string }>(
  rules: { readonly projection: string; readonly project: Project<V, E> },
  events: ReadonlyArray<EntityEvent.EntityEvent<E>>,
  before: Folded<V>
): Folded<V> => {
  const { entered, rows, tombstones } = Either.getOrThrow(foldPage({ ...rules, setsAside: true }, events, before))
  const changed = rows.size > 0 || tombstones.size > 0
  const after = changed ? { rows, tombstones } : before
  const [row] = after.rows.values()
  const [dead] = after.tombstones.values()
  const [aside] = entered.values()
  return {
    rows: after.rows,
    tombstones: after.tombstones,
    reached: row?.version ?? dead ?? 0,
    failure: Option.map(Option.fromNullable(aside), ({ failure }) => failure)
  }
}
