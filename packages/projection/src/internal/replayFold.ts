/**
 * Folding keys anew, from their first events: by tag, as many keys at once as memory is given for. Where a tag has more of
 * them it is read several times, each time for a part of the keys that a hash chooses, so nothing has to be remembered
 * from one part to the next.
 */
import { type EntityEvent, type Journal, type JournalError, type Offset, Tagging } from "@aecor/core"
import { Chunk, Effect, Either, Option, Stream } from "effect"
import { type EventFailed, GapNotHealed } from "../ProjectionError.js"
import { eventFailed, type Project } from "./fold.js"

/** What is folded: a journal's events by a projection. */
export interface Source<V, E> {
  readonly projection: string
  readonly journal: Journal.Journal<E>
  readonly project: Project<V, E>
}

/** A key's row as all of its events make it, none where they delete it, and the positions of the first and the last. */
export interface Anew<V> {
  readonly version: number
  readonly view: Option.Option<V>
  readonly firstAt: Offset.Offset
  readonly lastAt: Offset.Offset
}

/** Or why there is none: an event that does not follow, or one that the fold does not take. */
export type Outcome<V> = Either.Either<Anew<V>, EventFailed | GapNotHealed>

/** Which keys are folded: those that a test takes, or those of which the tag has an event after an offset. */
export type Affected =
  | { readonly _tag: "Keys"; readonly takes: (key: string) => boolean }
  | { readonly _tag: "After"; readonly offset: Offset.Offset }

/** So many keys are read one by one, rather than all of the tag for them. */
const few = 50

/** A key's row after one more of its events. */
const step = <V, E extends { readonly _tag: string }>(
  { project, projection }: Pick<Source<V, E>, "project" | "projection">,
  before: Anew<V> | undefined,
  event: EntityEvent.EntityEvent<E>
): Outcome<V> => {
  const { key, position, sequence } = event
  const missing = (before?.version ?? 0) + 1
  if (sequence !== missing)
    return Either.left(new GapNotHealed({ projection, key, position, missing, found: sequence }))
  try {
    const view = project(before === undefined ? Option.none() : before.view, event, key)
    return Either.right({ view, version: sequence, firstAt: before?.firstAt ?? position, lastAt: position })
  } catch (cause) {
    return Either.left(eventFailed(projection, event, cause))
  }
}

/** A key's row as its events up to a sequence, or as long as they are taken, make it; none when there are none. */
export const foldKey = <V, E extends { readonly _tag: string }>(
  source: Source<V, E>,
  key: string,
  takes: (event: EntityEvent.EntityEvent<E>) => boolean = () => true
): Effect.Effect<Option.Option<Outcome<V>>, JournalError.JournalError> =>
  Stream.runFold(Stream.takeWhile(source.journal.read(key, 1), takes), Option.none<Outcome<V>>(), (before, event) =>
    Option.some(
      Option.match(before, {
        onNone: () => step(source, undefined, event),
        onSome: (outcome) => Either.flatMap(outcome, (row) => step(source, row, event))
      })
    )
  )

/** A part of a tag's keys: those whose hash, modulo `of`, is `number`. */
interface Part {
  readonly of: number
  readonly number: number
}

/** Other bits than those that have chosen the tag. */
const isIn = ({ number, of }: Part, key: string) => of === 1 || (Tagging.stableHash(key) >>> 16) % of === number

const mostParts = 65_536

/**
 * Hands the outcomes of a tag's affected keys over, some at a time, each key once. `read` is told how many events have
 * been read, and how much of the tag that was, from 0 to 1.
 */
export const foldTag = <V, E extends { readonly _tag: string }, X, R>(options: {
  readonly source: Source<V, E>
  readonly tag: Tagging.EventTag
  readonly affected: Affected
  readonly keysAtOnce: number
  readonly use: (outcomes: ReadonlyMap<string, Outcome<V>>) => Effect.Effect<void, X, R>
  readonly read: (events: number, part: number) => Effect.Effect<void>
}): Effect.Effect<void, X | JournalError.JournalError, R> =>
  Effect.gen(function* () {
    const { affected, keysAtOnce, read, source, tag, use } = options
    const { journal } = source
    const end = yield* journal.head(tag)
    let isOver = 0

    /** Reads until a visitor has enough; gives whether it has come to the end. */
    const visit = (
      after: Offset.Offset,
      part: Part,
      visitor: (event: EntityEvent.EntityEvent<E>) => void,
      isFull: () => boolean
    ) =>
      Effect.map(
        Stream.runForEachWhile(Stream.chunks(journal.currentEventsByTag(tag, after)), (events) =>
          Effect.gen(function* () {
            for (const event of events) if (isIn(part, event.key)) visitor(event)
            const at = Option.match(Chunk.last(events), { onNone: () => 0, onSome: ({ position }) => position })
            yield* read(Chunk.size(events), isOver + Math.min(1, at / Math.max(1, end)) / part.of)
            return !isFull()
          })
        ),
        () => !isFull()
      )

    const foldPart = Effect.fnUntraced(function* (part: Part) {
      const outcomes = new Map<string, Outcome<V>>()
      const isFull = () => outcomes.size > keysAtOnce && part.of < mostParts
      let takes = (_: string) => true
      if (affected._tag === "Keys") takes = affected.takes
      else {
        const keys = new Set<string>()
        const areAll = yield* visit(
          affected.offset,
          part,
          ({ key }) => void keys.add(key),
          () => keys.size > keysAtOnce && part.of < mostParts
        )
        if (!areAll) return Option.none()
        if (keys.size <= few) {
          for (const key of keys) {
            const outcome = yield* foldKey(source, key)
            if (Option.isSome(outcome)) outcomes.set(key, outcome.value)
          }
          return Option.some(outcomes)
        }
        takes = (key) => keys.has(key)
      }
      const isWhole = yield* visit(
        0,
        part,
        (event) => {
          if (!takes(event.key)) return
          const before = outcomes.get(event.key)
          outcomes.set(
            event.key,
            before === undefined
              ? step(source, undefined, event)
              : Either.flatMap(before, (row) => step(source, row, event))
          )
        },
        isFull
      )
      return isWhole ? Option.some(outcomes) : Option.none()
    })

    const left: Array<Part> = [{ of: 1, number: 0 }]
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      const { number, of } = part
      const outcomes = yield* foldPart(part)
      if (Option.isNone(outcomes)) {
        left.push({ of: 2 * of, number: number + of }, { of: 2 * of, number })
        continue
      }
      yield* use(outcomes.value)
      isOver += 1 / of
      yield* read(0, isOver)
    }
  })
