/**
 * The one live reader of a journal on a node: it reads on from where it is, for all who wait there, and hands each the
 * events of its tag. Twenty processes cost one statement a page, and one a poll while nothing happens.
 *
 * A reader joins where the tail is: what lies before, it reads for itself. Positions become visible in their order, so
 * what the tail has passed is complete. Each page begins with the event that the last one ended with: were it another
 * one now, the journal's past would have been changed, and every reader is told so. The tail knows that event also while
 * it rests and while the storage does not answer: a past is most likely changed when nobody is looking.
 */
import { JournalError, type Offset, type Tagging } from "@aecor/core"
import { Clock, Duration, Effect, Exit, Option, type Scope } from "effect"
import type { Decoded } from "./eventCodec.js"
import type { TaggedRow } from "./journalRow.js"
import { tagText } from "./journalStatements.js"
import * as ReadTurns from "./readTurns.js"
import * as TailReader from "./tailReader.js"
import * as TailRing from "./tailRing.js"
import { byTag, route } from "./tailRoutes.js"

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

export interface Tail<E> {
  /** Fails when the tail is closed. */
  readonly open: Effect.Effect<void, JournalError.JournalError>
  /** Reads with the tail until the scope closes. Fails when the journal is closed. */
  readonly join: (tag: Tagging.EventTag) => Effect.Effect<TailReader.Next<E>, JournalError.JournalError, Scope.Scope>
  /** What a notification has said: a position that was reached, or `undefined` where some may have been missed. */
  readonly told: (position: Offset.Offset | undefined) => void
}

/** An event that the tail has seen; null where it has seen that there is none yet, at position 0. */
interface Seen {
  readonly position: Offset.Offset
  readonly id: string | null
}

/** How many events are kept for those who are a little late. */
const capacity = 8192

type Failure = Exit.Exit<never, JournalError.JournalError>

export const make = <E>(options: Options<E>): Effect.Effect<Tail<E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { journal, page, pageSize } = options
    const pollInterval = Duration.toMillis(options.pollInterval)
    const ring = TailRing.make<Decoded<E>>(capacity)
    const turns = yield* ReadTurns.make
    const readers = new Map<string, { readonly tag: Tagging.EventTag; readonly count: number }>()

    /** The last event that the tail has seen; undefined before anybody has asked, and after a change of the past. */
    let seen: Seen | undefined
    /** Whether it reads on from there. Otherwise it begins again at the journal's end. */
    let following = false
    /** Counts how often it came to rest: what was asked before does not count after. */
    let rests = 0
    /** The highest position that is known to be there; it is looked for where that is not sure. */
    let known: Offset.Offset = 0
    let sure = false
    /** The journal's end when it was last looked for, and when it was last known that the past is the same. */
    let end: Offset.Offset = 0
    let lookedAt = 0
    /** Each change of the past has its own: who began before one has to begin again. */
    let past: { failure?: Failure } = {}
    let closed: Failure | undefined

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

    const rest = () => {
      following = false
      sure = false
      rests++
      ring.clear()
    }
    const giveUp = (failure: Failure) => {
      rest()
      answer(failure)
    }

    /** What the tail has seen is not there any more. */
    const pastChanged = (description: string) =>
      Effect.suspend(() => {
        const failure = Exit.fail(new JournalError.JournalError({ journal, reason: "PastChanged", description }))
        past.failure = failure
        past = {}
        seen = undefined
        return failure
      })
    const replaced = ({ id, position }: Seen) =>
      pastChanged(`the event at position ${position} is no longer the one with the id ${id}`)

    /** Looks where the journal ends, and whether what was seen last is still there. */
    const look = Effect.gen(function* () {
      const [at, since, now] = [seen, rests, yield* Clock.currentTimeMillis]
      // what is told from here on may be newer than the answer
      known = following && at !== undefined ? at.position : 0
      sure = true
      const { anchor, head, id } = yield* options.head(at?.position ?? 0)
      if (at !== undefined && anchor !== at.id) return yield* replaced(at)
      if (since !== rests) return
      lookedAt = now
      end = head
      known = Math.max(known, head)
      if (!following) seen = { position: head, id }
      following = true
      answer(Exit.void)
    })

    /** Reads on by one page. */
    const advance = (from: Seen) =>
      Effect.gen(function* () {
        const [to, since, now] = [known, rests, yield* Clock.currentTimeMillis]
        const tags = [...readers.values()].map(({ tag }) => tag)
        const limit = pageSize + 1
        const rows = yield* options.between(from.position, to, tags, limit)
        if (since !== rests) return
        const [first, last] = [rows[0], rows.at(-1)]
        if (from.position > 0 && (Number(first?.[0]) !== from.position || first?.[3] !== from.id)) {
          return yield* replaced(from)
        }
        if (last === undefined || (rows.length < limit && Number(last[0]) !== to)) {
          if (to <= end) return yield* pastChanged(`the event at position ${to}, which was the last, is not there`)
          // what was told of is not there: it is looked for
          sure = false
          known = from.position
          return
        }
        const wanted = new Set(tags.map(tagText))
        const fresh = from.position > 0 ? rows.slice(1) : rows
        const routed = route(fresh, wanted)
        const decoded = yield* options.decode(routed.rows)
        if (since !== rests) return
        lookedAt = now
        seen = { position: Number(last[0]), id: last[3] }
        const found = byTag(wanted, routed.routes, decoded)
        ring.push({ from: from.position, to: seen.position, byTag: found, size: fresh.length })
        answer(Exit.void)
      })

    /** Waits for a signal, unless what it would tell has come already. */
    const until = (come: () => boolean) =>
      Effect.async<void>((resume) => {
        if (come()) return resume(Effect.void)
        wake = () => resume(Effect.void)
      })
    const asked = until(() => waiting.size > 0)
    const grown = until(() => !sure || known > (seen?.position ?? 0))
    const step = Effect.suspend(() => {
      if (waiting.size === 0) return asked
      if (seen === undefined || !following) return look
      if (known > seen.position) return advance(seen)
      if (!sure) return look
      return Effect.flatMap(
        Effect.timeoutOption(grown, pollInterval),
        Option.match({ onNone: () => look, onSome: () => Effect.void })
      )
    }).pipe(
      // an event whose schema throws must not end the tail: the readers hear of it
      Effect.catchAllCause((cause) => Effect.sync(() => giveUp(Exit.failCause(cause))))
    )
    yield* Effect.forkScoped(Effect.forever(step).pipe(Effect.withTracerEnabled(false)))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = isClosed(journal)
        giveUp(closed)
      })
    )

    const enter = (tag: Tagging.EventTag) => {
      const text = tagText(tag)
      readers.set(text, { tag, count: (readers.get(text)?.count ?? 0) + 1 })
    }
    const leave = (tag: Tagging.EventTag) => {
      const text = tagText(tag)
      const count = (readers.get(text)?.count ?? 1) - 1
      if (count > 0) readers.set(text, { tag, count })
      else readers.delete(text)
      if (readers.size === 0) rest()
    }

    const readerOf = (tag: Tagging.EventTag): TailReader.Reader<E> => {
      const began = past
      const failure = () => began.failure ?? closed
      // compared with when the reader came, not with now: answers that take long would hold it up for ever
      const place = (came: number): Exit.Exit<Offset.Offset | undefined, JournalError.JournalError> => {
        const failed = failure()
        if (failed !== undefined) return failed
        const fresh = came - lookedAt <= pollInterval
        sure = sure && fresh
        return Exit.succeed(fresh && following ? seen?.position : undefined)
      }
      const moved = Effect.async<void, JournalError.JournalError>((resume) => {
        const failed = failure()
        if (failed !== undefined) return resume(failed)
        waiting.add(resume)
        signal()
        return Effect.sync(() => waiting.delete(resume))
      })
      return TailReader.make({ ring, turns, place, moved, page, pageSize }, tag)
    }

    return {
      open: Effect.suspend(() => closed ?? Exit.void),
      join: (tag) =>
        Effect.acquireRelease(
          Effect.suspend(() => {
            if (closed !== undefined) return closed
            enter(tag)
            return Exit.succeed(readerOf(tag))
          }),
          (reader) =>
            Effect.sync(() => {
              reader.leave()
              leave(tag)
            })
        ).pipe(Effect.map(({ next }) => next)),
      told: (position) => {
        if (position === undefined) sure = false
        else known = Math.max(known, position)
        signal()
      }
    }
  })

const isClosed = (journal: string): Failure =>
  Exit.fail(new JournalError.JournalError({ journal, reason: "Unavailable", description: "the journal is closed" }))
