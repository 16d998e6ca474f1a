/**
 * One process of an exactly-once projection: a page is one load of the rows that it does not know, a fold in memory, one
 * commit of rows and offset. Whatever goes wrong ends it; the next run begins at the stored offset.
 */
import type { ConsumerId, EntityEvent, Journal, JournalError, ProcessContext, Quarantine } from "@aecor/core"
import { Chunk, Effect, Either, Metric, Option, Stream } from "effect"
import type { FailurePolicy } from "../FailurePolicy.js"
import type { EventFailed, GapNotHealed, OffsetBeyondHead } from "../ProjectionError.js"
import { CommitConflict, type ViewStore, type ViewStoreError } from "../View.js"
import { eventFailed, fill, foldPage, type Gap, gapsIn, type Project } from "./fold.js"
import { continued, knownRows } from "./knownRows.js"
import { counters, offsetAfter, type Page, runPages } from "./pages.js"
import * as Waiting from "./waiting.js"

export const run = <V, E extends { readonly _tag: string }>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly view: string
  readonly journal: Journal.Journal<E>
  readonly store: Pick<ViewStore<V>, "load" | "commit" | "quarantined" | "settle">
  readonly fence: ProcessContext.Fence
  readonly project: Project<V, E>
  readonly policy: FailurePolicy
  readonly pageSize: number
  readonly retry: (
    entry: Quarantine.Entry
  ) => Effect.Effect<Quarantine.Outcome, ViewStoreError | JournalError.JournalError>
  /** The rows that events write to, where these are not those of their keys; their versions are positions then. */
  readonly rowsOf?: (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>
}): Effect.Effect<
  void,
  | EventFailed
  | GapNotHealed
  | OffsetBeyondHead
  | CommitConflict
  | ViewStoreError
  | ProcessContext.Fenced
  | JournalError.JournalError
> =>
  Effect.gen(function* () {
    const { consumer, fence, journal, pageSize, policy, project, retry, rowsOf, store, view } = options
    const projection = consumer.name
    const counter = counters(projection)
    const rules = { projection, project, setsAside: policy._tag === "Quarantine" }
    const waiting = yield* Waiting.make({ consumer, policy, quarantined: store.quarantined })
    const known = knownRows<V>(pageSize)
    let { offset } = yield* store.load(consumer, [])

    const load = Effect.fnUntraced(function* (keys: ReadonlyArray<string>) {
      const loaded = yield* store.load(consumer, keys)
      if (loaded.offset !== offset) return yield* new CommitConflict({ view, consumer, expected: offset })
      return loaded
    })

    /** The events of a gap, in order, as far as the journal has them; where it has not all, the fold finds it out. */
    const read = Effect.fnUntraced(function* ({ from, index, key, to }: Gap, page: Page<E>) {
      const position = page[index]?.position ?? offset
      yield* Effect.logWarning(
        `projection ${projection}: key ${JSON.stringify(key)} is at version ${from - 1} and event ${to + 1} came ` +
          `(position ${position}); the events between are read from the journal`
      )
      const found = yield* Stream.runCollect(Stream.take(journal.read(key, from), to - from + 1))
      return [index, inOrder(Chunk.toReadonlyArray(found), from)] as const
    })

    const heal = Effect.fnUntraced(function* (page: Page<E>, gaps: ReadonlyArray<Gap>) {
      yield* Metric.incrementBy(counter.gaps, gaps.length)
      return fill(page, new Map(yield* Effect.forEach(gaps, (gap) => read(gap, page))))
    })

    /** The rows of each event; where they cannot be told, there is none that could be set aside. */
    const rowsIn = (page: Page<E>, of: (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>) =>
      Effect.forEach(page, (event) =>
        Effect.try({ try: () => of(event), catch: (cause) => eventFailed(projection, event, cause) })
      )

    /** Whether a commit was refused because a key has left the quarantine that it passes over. */
    const hasLeft = ({ passed }: Quarantine.Changes) =>
      passed.size === 0
        ? Effect.succeed(false)
        : Effect.map(waiting.reload, (list) => [...passed.keys()].some((key) => !list.has(key)))

    /** Gives whether the page is done; if not, it is to be folded again. */
    const attempt = Effect.fnUntraced(function* (page: Page<E>) {
      // as it was before the rows were loaded: who leaves in between is noticed by the commit
      const held = yield* waiting.list
      const written = rowsOf === undefined ? undefined : yield* rowsIn(page, rowsOf)
      const before = yield* known.before(
        written === undefined ? continued(page, offset) : new Set(written.flat()),
        load
      )
      const gaps = written === undefined ? gapsIn(page, before, held) : []
      const whole = gaps.length === 0 ? page : yield* heal(page, gaps)
      const folded = yield* foldPage(rules, whole, before, held, written)
      const changes = yield* waiting.changes(folded)
      const { events, rows, tombstones } = folded
      const reached = offsetAfter(page, offset)
      const isNothing = rows.size === 0 && tombstones.size === 0 && Option.isNone(changes)
      if (reached === offset && isNothing) return true
      const commit = { consumer, fence, expected: offset, offset: reached, rows, tombstones }
      if (Option.isNone(changes)) yield* store.commit(commit)
      else {
        const committed = yield* Effect.either(store.commit({ ...commit, quarantine: changes.value }))
        if (Either.isLeft(committed)) {
          known.forget()
          const again = committed.left._tag === "CommitConflict" && (yield* hasLeft(changes.value))
          return again ? false : yield* committed.left
        }
        yield* waiting.stored(changes.value)
      }
      known.committed(folded)
      offset = reached
      yield* Metric.incrementBy(counter.events, events)
      return true
    })

    const handle = (page: Page<E>) => Effect.repeat(attempt(page), { until: (done) => done })

    yield* Effect.raceFirst(runPages(journal, consumer, offset, pageSize, handle), waiting.retrying(retry))
  })

/** The first of the events, as long as each is in its place. */
const inOrder = <E>(
  events: ReadonlyArray<EntityEvent.EntityEvent<E>>,
  from: number
): ReadonlyArray<EntityEvent.EntityEvent<E>> => {
  const wrong = events.findIndex(({ sequence }, i) => sequence !== from + i)
  return wrong < 0 ? events : events.slice(0, wrong)
}
