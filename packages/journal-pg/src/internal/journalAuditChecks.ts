/** What can be wrong with an event, seen with its neighbours: pure, one event at a time. */
import { type Journal, Tagging, TaggingHistory } from "@aecor/core"
import { Either, Predicate } from "effect"
import { type Decoded, Undecodable } from "./eventCodec.js"
import type { Audited } from "./journalAuditSql.js"
import * as offence from "./journalOffence.js"
import { tagText } from "./journalStatements.js"

/** Where it stands: in its key, and in time. */
export const placeOffences = ({ before, stored, times, twin }: Audited): ReadonlyArray<offence.Offence> => {
  const found: Array<offence.Offence> = []
  const expected = twin === undefined ? (before?.sequence ?? 0) + 1 : stored.sequence + 1
  if (stored.sequence !== expected) found.push(offence.sequence(stored, expected))
  if (before !== undefined && before.position > stored.position) found.push(offence.order(stored, before.position))
  if (times !== undefined) found.push(offence.timestamp(stored, times))
  return found
}

/** What it holds: its tags, its metadata, itself. */
export const contentOffences = <E, I>(
  { label, tagging }: Journal.Definition<E, I>,
  generations: ReadonlyArray<TaggingHistory.Generation>,
  { missing, stored, tag, tags }: Audited,
  event: Decoded<E>
): ReadonlyArray<offence.Offence> => {
  const found: Array<offence.Offence> = []
  const number = TaggingHistory.numberAt(generations, stored.key, stored.position)
  const expected = number === undefined ? tagging.tagOf(stored.key) : Tagging.tag(tagging.name, number)
  if (!Tagging.isSame(expected, tag)) found.push(offence.partition(stored, tagText(expected), tagText(tag)))
  found.push(...missing.map((text) => offence.missingTagRow(stored, text)))
  if (!isMetadata(stored.metadata)) found.push(offence.metadata(stored))
  if (event instanceof Undecodable) return [...found, offence.event(stored, label, event.error)]
  const others = Either.map(Tagging.othersOf(tagging, event.event, stored.key), (_) => _.map(tagText))
  if (Either.isLeft(others)) found.push(offence.ownTag(stored, tagText(others.left), tags))
  else if (!isSameSet(others.right, tags)) found.push(offence.tags(stored, others.right, tags))
  return found
}

/** A record of texts: the database holds any JSON. */
const isMetadata = (stored: unknown): boolean =>
  Predicate.isRecord(stored) && Object.values(stored).every(Predicate.isString)

const isSameSet = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  one.length === other.length && one.every((text) => other.includes(text))
