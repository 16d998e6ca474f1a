/**
 * The one live reader of a journal on a node: it reads on from where it is, for all who wait there, and hands each the
 * events of its tag. Twenty processes cost one statement a page, and one a poll while nothing happens.
 *
 * A reader joins where the tail is: what lies before, it reads for itself. Positions become visible in their order, so
 * what the tail has passed is complete. Each page begins with the event that the last one ended with: were it another
 * one now, the journal's past would have been changed, and every reader is told so.
 */
import { type EntityEvent, JournalError, type Offset, type Tagging } from "@aecor/core"
import { Chunk, type Duration, Effect, Exit, Option, type Scope } from "effect"
import { type Decoded, untilUndecodable } from "./eventCodec.js"
import type { TaggedRow } from "./journalRow.js"
import { tagText } from "./journalStatements.js"
import * as TailRing from "./tailRing.js"

/** Where the journal ends, and what stands there and at a position that was asked about; null where nothing does. */
interface Head {
  readonly head: Offset.Offset
  readonly id: string | null
  readonly anchor: string | null
}

/** Tags that a page of the tail is read for. */
export type Tags = ReadonlyArray<Tagging.EventTag>

export interface Options<E> {
  readonly journal: string
  readonly head: (anchor: Offset.Offset) => Effect.Effect<Head, JournalError.JournalError>
  /** From one position to another, both included; `limit` rows at the most. */
  readonly between: (
    from: Offset.Offset,
    to: Offset.Offset,
    tags: Tags,
    limit: number
  ) => Effect.Effect<ReadonlyArray<TaggedRow>, JournalError.JournalError>
  readonly decode: (rows: ReadonlyArray<TaggedRow>) => Effect.Effect<ReadonlyArray<Decoded<E>>>
  /** A page of one tag after a position, up to another. */
  readonly page: (
    tag: Tagging.EventTag,
    after: Offset.Offset,
    to: Offset.Offset
  ) => Effect.Effect<ReadonlyArray<Decoded<E>>, JournalError.JournalError>
  readonly pageSize: number
  readonly pollInterval: Duration.DurationInput
}

/** The next events of a reader's tag after a position, waited for, and the position that it has got to. */
type Next<E> = (
  after: Offset.Offset
) => Effect.Effect<readonly [Chunk.Chunk<EntityEvent.EntityEvent<E>>, Offset.Offset], JournalError.JournalError>

export interface Tail<E> {
  /** Reads with the tail until the scope closes. */
  readonly join: (tag: Tagging.EventTag) => Effect.Effect<Next<E>, never, Scope.Scope>
  /** What a notification has said: a position that was reached, or `undefined` where some may have been missed. */
  readonly told: (position: Offset.Offset | undefined) => void
}

/** An event that the tail has seen: the place that it reads on from. */
interface Anchor {
  readonly position: Offset.Offset
  readonly id: string | null
}

/** How many events are kept for those who are a little late. */
const capacity = 8192

export const make = <E>(options: Options<E>): Effect.Effect<Tail<E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { journal, page, pageSize } = options
    const ring = TailRing.make<Decoded<E>>(capacity)
    const readers = new Map<string, { readonly tag: Tagging.EventTag; readonly count: number }>()
    /** Where the tail is; undefined before anybody has asked. */
    let reached: Anchor | undefined
    /** The highest position that is known to be there; it is looked for where that is not sure. */
    let known: Offset.Offset = 0
    let sure = false
    /** Counts the changes of the past: who began before one has to begin again. */
    let changes = 0
    let lastChange: JournalError.JournalError | undefined

    const waiting = new Set<(exit: Exit.Exit<void, JournalError.JournalError>) => void>()
    let wake: (() => void) | undefined
    const signal = () => {
      wake?.()
      wake = undefined
    }
    const answer = (exit: Exit.Exit<void, JournalError.JournalError>) => {
      const all = [...waiting]
      waiting.clear()
      for (const resume of all) resume(exit)
    }

    const forget = () => {
      reached = undefined
      sure = false
      ring.clear()
    }
    const giveUp = (failure: JournalError.JournalError) => {
      forget()
      if (failure.reason === "PastChanged") {
        changes++
        lastChange = failure
      }
      answer(Exit.fail(failure))
    }

    const pastChanged = ({ id, position }: Anchor) =>
      new JournalError.JournalError({
        journal,
        reason: "PastChanged",
        description: `the event at position ${position} is no longer the one with the id ${id}`
      })

    /** Looks where the journal ends, and whether the tail's last event is still there. */
    const look = Effect.gen(function* () {
      const at = reached
      const { anchor, head, id } = yield* options.head(at?.position ?? 0)
      if (at !== undefined && anchor !== at.id) return yield* pastChanged(at)
      known = head
      sure = true
      if (at === undefined) reached = { position: head, id }
    })

    /** The rows of each tag that somebody reads, decoded. */
    const route = (rows: ReadonlyArray<TaggedRow>, tags: Tags) => {
      const wanted = new Set(tags.map(tagText))
      const routes: Array<ReadonlyArray<string>> = []
      const picked: Array<TaggedRow> = []
      for (const row of rows) {
        const others = row[11] === null ? [] : (JSON.parse(row[11]) as ReadonlyArray<string>)
        const to = [tagText({ name: row[9], partition: Number(row[10]) }), ...others].filter((tag) => wanted.has(tag))
        if (to.length === 0) continue
        routes.push(to)
        picked.push(row)
      }
      return Effect.map(options.decode(picked), (decoded) => {
        const byTag = new Map<string, Array<Decoded<E>>>()
        for (const tag of wanted) byTag.set(tag, [])
        for (const [i, one] of decoded.entries()) for (const tag of routes[i] ?? []) byTag.get(tag)?.push(one)
        return byTag
      })
    }

    /** Reads on by one page. */
    const advance = (from: Anchor) =>
      Effect.gen(function* () {
        const to = known
        const tags = [...readers.values()].map(({ tag }) => tag)
        const limit = pageSize + 1
        const rows = yield* options.between(from.position, to, tags, limit)
        const [first, last] = [rows[0], rows.at(-1)]
        if (from.position > 0 && (Number(first?.[0]) !== from.position || first?.[3] !== from.id)) {
          return yield* pastChanged(from)
        }
        if (last === undefined || (rows.length < limit && Number(last[0]) !== to)) {
          // what was told of is not there: it is looked for
          sure = false
          known = from.position
          return
        }
        const fresh = from.position > 0 ? rows.slice(1) : rows
        const byTag = yield* route(fresh, tags)
        reached = { position: Number(last[0]), id: last[3] }
        ring.push({ from: from.position, to: reached.position, byTag, size: fresh.length })
        answer(Exit.void)
      })

    /** Waits for a signal, unless what it would tell has come already. */
    const until = (come: () => boolean) =>
      Effect.async<void>((resume) => {
        if (come()) return resume(Effect.void)
        wake = () => resume(Effect.void)
      })
    const asked = until(() => waiting.size > 0)
    const grown = until(() => !sure || known > (reached?.position ?? 0))
    const step = Effect.suspend(() => {
      if (waiting.size === 0) return asked
      if (reached === undefined) return Effect.map(look, () => answer(Exit.void))
      if (known > reached.position) return advance(reached)
      if (!sure) return look
      return Effect.flatMap(
        Effect.timeoutOption(grown, options.pollInterval),
        Option.match({ onNone: () => look, onSome: () => Effect.void })
      )
    }).pipe(Effect.catchAll((failure) => Effect.sync(() => giveUp(failure))))
    yield* Effect.forkScoped(Effect.forever(step).pipe(Effect.withTracerEnabled(false)))
    yield* Effect.addFinalizer(() => Effect.sync(() => giveUp(closed(journal))))

    /** Until the tail has moved. */
    const moved = Effect.async<void, JournalError.JournalError>((resume) => {
      const done = (exit: Exit.Exit<void, JournalError.JournalError>) => resume(exit)
      waiting.add(done)
      signal()
      return Effect.sync(() => waiting.delete(done))
    })

    const enter = (tag: Tagging.EventTag) => {
      const text = tagText(tag)
      readers.set(text, { tag, count: (readers.get(text)?.count ?? 0) + 1 })
    }
    const leave = (tag: Tagging.EventTag) => {
      const text = tagText(tag)
      const count = (readers.get(text)?.count ?? 1) - 1
      if (count > 0) readers.set(text, { tag, count })
      else readers.delete(text)
      if (readers.size === 0) forget()
    }

    const nextOf = (tag: Tagging.EventTag): Next<E> => {
      const text = tagText(tag)
      const began = changes
      return Effect.fnUntraced(function* (after) {
        let at = after
        while (true) {
          if (changes !== began && lastChange !== undefined) return yield* lastChange
          if (reached === undefined) {
            yield* moved
            continue
          }
          const covered = ring.coveredFrom(text, reached.position)
          if (at < covered) {
            // one's own page, up to where the tail has everything
            const found = yield* page(tag, at, covered)
            const events = yield* untilUndecodable(found)
            const whole = found.length < pageSize && Chunk.size(events) === found.length
            at = whole ? covered : Option.match(Chunk.last(events), { onNone: () => at, onSome: (_) => _.position })
            if (Chunk.isNonEmpty(events)) return [events, at] as const
          } else if (at < reached.position) {
            const segment = ring.after(text, at)
            if (segment === undefined) {
              at = reached.position
              continue
            }
            const found = (segment.byTag.get(text) ?? []).filter(({ position }) => position > at)
            const events = yield* untilUndecodable(found)
            at = Chunk.size(events) === found.length ? segment.to : Chunk.unsafeLast(events).position
            if (Chunk.isNonEmpty(events)) return [events, at] as const
          } else {
            yield* moved
          }
        }
      })
    }

    return {
      join: (tag) =>
        Effect.acquireRelease(
          Effect.sync(() => enter(tag)),
          () => Effect.sync(() => leave(tag))
        ).pipe(Effect.map(() => nextOf(tag))),
      told: (position) => {
        if (position === undefined) sure = false
        else known = Math.max(known, position)
        signal()
      }
    }
  })

const closed = (journal: string) =>
  new JournalError.JournalError({ journal, reason: "Unavailable", description: "the journal is closed" })
