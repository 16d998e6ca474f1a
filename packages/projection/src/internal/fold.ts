/**
 * The pure part of an exactly-once projection: what a page lacks, and what it makes of its rows. A page is folded in one
 * plain loop; nothing in it is an Effect of its own.
 */
import { type EntityEvent, Quarantine } from "@aecor/core"
import { Either, Option } from "effect"
import { EventFailed, GapNotHealed } from "../ProjectionError.js"
import type { Loaded, Versioned } from "../View.js"

/** What an event makes of a row; none deletes it. */
export type Project<V, E> = (view: Option.Option<V>, event: EntityEvent.EntityEvent<E>, row: string) => Option.Option<V>

/** What is folded by: where it fails, the row is set aside, or the page is given up. */
export interface Rules<V, E> {
  readonly projection: string
  readonly project: Project<V, E>
  readonly setsAside: boolean
}

/** Rows and tombstones as they were before a page. */
export type Before<V> = Pick<Loaded<V>, "rows" | "tombstones">

/** The sequences `from` to `to` of a key, which its row needs before the event at `index` of the page. */
export interface Gap {
  readonly index: number
  readonly key: string
  readonly from: number
  readonly to: number
}

const versionIn = ({ rows, tombstones }: Before<unknown>, key: string): number =>
  rows.get(key)?.version ?? (tombstones.size === 0 ? 0 : (tombstones.get(key) ?? 0))

/** Where a page goes on beyond what its rows have seen; keys that wait have no gaps. */
export const gapsIn = (
  page: ReadonlyArray<EntityEvent.EntityEvent<unknown>>,
  before: Before<unknown>,
  waiting: ReadonlyMap<string, unknown>
): ReadonlyArray<Gap> => {
  const gaps: Array<Gap> = []
  const versions = new Map<string, number>()
  for (const [index, { key, sequence }] of page.entries()) {
    if (waiting.size > 0 && waiting.has(key)) continue
    const version = versions.get(key) ?? versionIn(before, key)
    if (sequence > version + 1) gaps.push({ index, key, from: version + 1, to: sequence - 1 })
    if (sequence > version) versions.set(key, sequence)
  }
  return gaps
}

/** The page with the events that were missing in front of those they were missed by. */
export const fill = <A>(page: ReadonlyArray<A>, found: ReadonlyMap<number, ReadonlyArray<A>>): ReadonlyArray<A> =>
  page.flatMap((event, index) => [...(found.get(index) ?? []), event])

/** An event that was not projected, why, and how far the rest of its row's events went on in the page. */
export interface SetAside<out F = EventFailed | GapNotHealed> {
  readonly failure: Quarantine.Failure
  readonly error: F
  readonly last: number
}

/**
 * What a page makes of its rows: those that changed or ended, how many events were folded into them; those that failed in
 * it, and how far those went on that waited already.
 */
export interface Folded<V> {
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly tombstones: ReadonlyMap<string, number>
  readonly events: number
  readonly entered: ReadonlyMap<string, SetAside>
  readonly passed: ReadonlyMap<string, number>
}

interface State<V> {
  readonly version: number
  readonly view: Option.Option<V>
}

/**
 * Folds a page into its rows: those of the events' keys, or those in `rowsOf`, one entry an event, where the version of a
 * row is the position of the last event. What a row has seen is skipped. An event that does not follow its row, or whose
 * fold throws, is an error that says where; or its row is set aside, and its later events are passed over.
 */
export const foldPage = <V, E extends { readonly _tag: string }>(
  { project, projection, setsAside }: Rules<V, E>,
  page: ReadonlyArray<EntityEvent.EntityEvent<E>>,
  before: Before<V>,
  waiting: ReadonlyMap<string, unknown> = none,
  rowsOf?: ReadonlyArray<ReadonlyArray<string>>
): Either.Either<Folded<V>, EventFailed | GapNotHealed> => {
  const states = new Map<string, State<V>>()
  const entered = new Map<string, SetAside>()
  const passed = new Map<string, number>()
  let events = 0
  let failed: EventFailed | GapNotHealed | undefined

  const fold = (event: EntityEvent.EntityEvent<E>, row: string, version: number, follows: boolean): boolean => {
    if (waiting.size > 0 && waiting.has(row)) {
      passed.set(row, Math.max(version, passed.get(row) ?? 0))
      return true
    }
    if (entered.size > 0) {
      const aside = entered.get(row)
      if (aside !== undefined) {
        entered.set(row, { ...aside, last: Math.max(version, aside.last) })
        return true
      }
    }
    const state = states.get(row) ?? stateIn(before, row)
    const seen = state === undefined ? 0 : state.version
    if (version <= seen) return true
    if (follows && version !== seen + 1) {
      const { key, position } = event
      failed = new GapNotHealed({ projection, key, position, missing: seen + 1, found: version })
    } else {
      try {
        states.set(row, { version, view: project(state === undefined ? Option.none() : state.view, event, row) })
        events += 1
        return true
      } catch (cause) {
        failed = eventFailed(projection, event, cause)
      }
    }
    if (!setsAside) return false
    entered.set(row, { error: failed, failure: failureOf(event, failed), last: version })
    return true
  }

  for (const [index, event] of page.entries()) {
    if (rowsOf === undefined) {
      if (!fold(event, event.key, event.sequence, true)) break
    } else {
      if (!(rowsOf[index] ?? []).every((row) => fold(event, row, event.position, false))) break
    }
  }
  if (failed !== undefined && !setsAside) return Either.left(failed)
  return Either.right({ ...split(states), events, entered, passed })
}

const none: ReadonlyMap<string, unknown> = new Map()

const stateIn = <V>({ rows, tombstones }: Before<V>, key: string): State<V> | undefined => {
  const row = rows.get(key)
  if (row !== undefined) return { version: row.version, view: Option.some(row.view) }
  const dead = tombstones.size === 0 ? undefined : tombstones.get(key)
  return dead === undefined ? undefined : { version: dead, view: Option.none() }
}

const split = <V>(
  states: ReadonlyMap<string, State<V>>
): { rows: Map<string, Versioned<V>>; tombstones: Map<string, number> } => {
  const rows = new Map<string, Versioned<V>>()
  const tombstones = new Map<string, number>()
  for (const [key, { version, view }] of states) {
    if (Option.isSome(view)) rows.set(key, { version, view: view.value })
    else tombstones.set(key, version)
  }
  return { rows, tombstones }
}

/** What is noted of an event that failed: the first that its row lacks, where it came too early. */
export const failureOf = (
  { event, position, sequence }: EntityEvent.EntityEvent<{ readonly _tag: string }>,
  error: EventFailed | GapNotHealed
): Quarantine.Failure =>
  Quarantine.failure({
    eventType: event._tag,
    sequence: error._tag === "GapNotHealed" ? error.missing : sequence,
    position,
    cause: error.message
  })

export const eventFailed = (
  projection: string,
  { event, key, position, sequence }: EntityEvent.EntityEvent<{ readonly _tag: string }>,
  cause: unknown
): EventFailed => new EventFailed({ projection, eventType: event._tag, key, sequence, position, cause })
