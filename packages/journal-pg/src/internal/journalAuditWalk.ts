/**
 * The walk of an audit: along the events, a page at a time, then along the tags' rows, then over all ids at once. What
 * it keeps meanwhile is a page and the offences to be named.
 *
 * It ends where the journal ended when it began. Up to there nothing moves any more, as events become visible in the
 * order of their positions; what writers add meanwhile is beyond it.
 */
import type { Journal, JournalError, Offset } from "@aecor/core"
import { Effect } from "effect"
import type { Decoded } from "./eventCodec.js"
import { contentOffences, placeOffences } from "./journalAuditChecks.js"
import { type Audited, type EventRow, fromRow, type IdRow, type Statements, type TagRow } from "./journalAuditSql.js"
import * as offence from "./journalOffence.js"
import { type GenerationRow, toGeneration } from "./journalPartitions.js"
import type { Row } from "./journalRow.js"

/** How the journal is asked: a row is an array of texts. */
export type Ask = <A extends ReadonlyArray<string | null>>(
  statement: string,
  values: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<A>, JournalError.JournalError>

export const run = Effect.fnUntraced(function* <E, I>(
  definition: Journal.Definition<E, I>,
  sql: Statements,
  ask: Ask,
  decode: (page: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<Decoded<E>>>,
  { from, limit, pageSize }: { readonly from: Offset.Offset; readonly limit: number; readonly pageSize: number }
): Effect.fn.Return<offence.AuditReport, JournalError.JournalError> {
  const offences: Array<offence.Offence> = []
  let offenceCount = 0
  const name = (found: ReadonlyArray<offence.Offence>, count = found.length) => {
    offences.push(...found.slice(0, limit - offences.length))
    offenceCount += count
  }
  const generations = (yield* ask<GenerationRow>(sql.generations, [definition.tagging.name])).map(toGeneration)
  const [head] = yield* ask<readonly [string]>(sql.head, [])
  const to = Number(head?.[0] ?? 0)

  let events = 0
  let keys = 0
  let after: Offset.Offset | undefined = from
  while (after !== undefined) {
    const page: ReadonlyArray<Audited> = (yield* ask<EventRow>(sql.events, [after, to, pageSize])).map(fromRow)
    const decoded = yield* decode(page.map(({ stored }) => stored.row))
    for (const [i, event] of decoded.entries()) {
      const audited = page[i] as Audited
      name([...placeOffences(audited), ...contentOffences(definition, generations, audited, event)])
      if (isFirstOfKey(audited, from)) keys++
    }
    events += page.length
    after = page.at(-1)?.stored.position
  }

  let last: readonly [tag: string, position: string] | undefined = ["", "-1"]
  while (last !== undefined) {
    const page: ReadonlyArray<TagRow> = yield* ask<TagRow>(sql.tagRows, [...last, pageSize, from])
    name(page.filter(([, , , extra]) => extra === "true").map(toTagRow))
    const end = page.at(-1)
    last = end === undefined ? undefined : [end[0], end[1]]
  }

  // one at least, as each tells how many there are
  const repeated = yield* ask<IdRow>(sql.ids, [from, to, Math.max(1, limit)])
  name(repeated.map(toId), Number(repeated[0]?.[4] ?? 0))
  return { events, keys, from, to, offenceCount, offences }
})

/** Whether a walk from a position on sees the event's key for the first time. */
const isFirstOfKey = ({ before, twin }: Audited, from: Offset.Offset): boolean =>
  twin === undefined && (before === undefined || before.position <= from)

const toTagRow = ([tag, position, key]: TagRow): offence.Offence =>
  offence.extraTagRow(key ?? undefined, Number(position), tag)

const toId = ([position, key, id, first]: IdRow): offence.Offence =>
  offence.id({ key, position: Number(position) }, Number(first), id)
