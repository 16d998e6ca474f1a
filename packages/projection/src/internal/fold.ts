/**
 * The pure part of an exactly-once projection: what a page lacks, and what it makes of its rows. A page is folded in one
 * plain loop; nothing in it is an Effect of its own.
 */
import type { EntityEvent } from "@aecor/core"
import { Either, Option } from "effect"
import { EventFailed, GapNotHealed } from "../ProjectionError.js"
import type { Versioned } from "../View.js"

export type Project<V, E> = (view: Option.Option<V>, event: EntityEvent.EntityEvent<E>) => V

/** The sequences `from` to `to` of a key, which its row needs before the event at `index` of the page. */
export interface Gap {
  readonly index: number
  readonly key: string
  readonly from: number
  readonly to: number
}

/** Where a page goes on beyond what its rows have seen. */
export const gapsIn = (
  page: ReadonlyArray<EntityEvent.EntityEvent<unknown>>,
  rows: ReadonlyMap<string, Versioned<unknown>>
): ReadonlyArray<Gap> => {
  const gaps: Array<Gap> = []
  const versions = new Map<string, number>()
  for (const [index, { key, sequence }] of page.entries()) {
    const version = versions.get(key) ?? rows.get(key)?.version ?? 0
    if (sequence > version + 1) gaps.push({ index, key, from: version + 1, to: sequence - 1 })
    if (sequence > version) versions.set(key, sequence)
  }
  return gaps
}

/** The page with the events that were missing in front of those they were missed by. */
export const fill = <A>(page: ReadonlyArray<A>, found: ReadonlyMap<number, ReadonlyArray<A>>): ReadonlyArray<A> =>
  page.flatMap((event, index) => [...(found.get(index) ?? []), event])

/** What a page makes of its rows: those that changed, and how many events were folded into them. */
export interface Folded<V> {
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly events: number
}

/**
 * Folds a page into its rows. What a row has seen is skipped; an event that does not follow its row, or whose fold
 * throws, is an error that says where.
 */
export const foldPage = <V, E extends { readonly _tag: string }>(
  projection: string,
  project: Project<V, E>,
  page: ReadonlyArray<EntityEvent.EntityEvent<E>>,
  before: ReadonlyMap<string, Versioned<V>>
): Either.Either<Folded<V>, EventFailed | GapNotHealed> => {
  const rows = new Map<string, Versioned<V>>()
  let events = 0
  for (const event of page) {
    const { key, position, sequence } = event
    const row = rows.get(key) ?? before.get(key)
    const version = row === undefined ? 0 : row.version
    if (sequence <= version) continue
    if (sequence !== version + 1) {
      return Either.left(new GapNotHealed({ projection, key, position, missing: version + 1, found: sequence }))
    }
    try {
      rows.set(key, {
        version: sequence,
        view: project(row === undefined ? Option.none() : Option.some(row.view), event)
      })
    } catch (cause) {
      return Either.left(eventFailed(projection, event, cause))
    }
    events += 1
  }
  return Either.right({ rows, events })
}

export const eventFailed = (
  projection: string,
  { event, key, position, sequence }: EntityEvent.EntityEvent<{ readonly _tag: string }>,
  cause: unknown
): EventFailed => new EventFailed({ projection, eventType: event._tag, key, sequence, position, cause })
