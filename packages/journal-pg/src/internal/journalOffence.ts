/** What an audit finds: an event that is not as a journal promises, and why. */
import type { JournalError, Offset } from "@aecor/core"
import type { Stored } from "./journalAuditSql.js"

interface Offender<Tag extends string, Value> {
  readonly _tag: Tag
  /** The event's key; `undefined` where a tag's row stands for no event. */
  readonly key: string | undefined
  readonly position: Offset.Offset
  readonly expected: Value
  readonly found: Value
  /** All of it, as one sentence. */
  readonly message: string
}

/**
 * What is wrong with one event.
 *
 * - `Sequence`: its number in its key is not the one after its predecessor's, or another event has it already.
 * - `Order`: it stands before its predecessor; `expected` is the predecessor's position, which must be smaller.
 * - `Timestamp`: it is older than the event before it, or is no time at all; ISO 8601, in microseconds.
 * - `Partition`: the tag of its key's partition is another one. Tags are given as they are stored.
 * - `Tags`: the tagging gives the decoded event other tags beside its partition's than its row holds.
 * - `TagRow`: `<table>_tag` lacks a tag of the row (`found` is undefined), or has one too many (`expected` is).
 * - `Event`: it does not decode; `expected` is the journal's name, `found` the type that is stored with the event.
 * - `Metadata`: they are no record of texts; `found` is their JSON.
 * - `Id`: an earlier event has the same id; `expected` is the id's one position, the earlier.
 *
 * @since 0.1.0
 * @category models
 */
export type Offence =
  | Offender<"Sequence" | "Order" | "Id", number>
  | Offender<"Timestamp" | "Partition" | "Event" | "Metadata", string>
  | Offender<"Tags", ReadonlyArray<string>>
  | Offender<"TagRow", string | undefined>

/**
 * What an audit has seen: so many events of so many keys, after the position `from`, up to `to`, the journal's head when
 * it began. All is well where `offenceCount` is 0; `offences` are the first of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuditReport {
  readonly events: number
  readonly keys: number
  readonly from: Offset.Offset
  readonly to: Offset.Offset
  readonly offenceCount: number
  readonly offences: ReadonlyArray<Offence>
}

/** What of an event an offence names. */
interface Place {
  readonly key: string
  readonly position: Offset.Offset
}

const at = ({ key, position }: { readonly key: string | undefined; readonly position: Offset.Offset }) =>
  key === undefined ? `position ${position}` : `position ${position}, key ${JSON.stringify(key)}`

export const sequence = ({ key, position, sequence: found }: Stored, expected: number): Offence => ({
  _tag: "Sequence",
  key,
  position,
  expected,
  found,
  message: `${at({ key, position })}: the sequence is ${found}, and should be ${expected}`
})

export const order = ({ key, position }: Place, expected: Offset.Offset): Offence => ({
  _tag: "Order",
  key,
  position,
  expected,
  found: position,
  message: `${at({ key, position })}: the event before it in its key stands after it, at position ${expected}`
})

export const timestamp = (
  { key, position }: Place,
  { before: expected, found }: { readonly before: string; readonly found: string }
): Offence => ({
  _tag: "Timestamp",
  key,
  position,
  expected,
  found,
  message: `${at({ key, position })}: the time is ${found}${expected === "" ? "" : `, and the event before has ${expected}`}`
})

export const partition = ({ key, position }: Place, expected: string, found: string): Offence => ({
  _tag: "Partition",
  key,
  position,
  expected,
  found,
  message: `${at({ key, position })}: the tag of the partition is ${found}, and should be ${expected}`
})

export const tags = (
  { key, position }: Place,
  expected: ReadonlyArray<string>,
  found: ReadonlyArray<string>
): Offence => ({
  _tag: "Tags",
  key,
  position,
  expected,
  found,
  message: `${at({ key, position })}: the other tags are ${listed(found)}, and should be ${listed(expected)}`
})

const listed = (texts: ReadonlyArray<string>) => (texts.length === 0 ? "none" : texts.join(" and "))

/** A tag that the tagging gives and must not give: every append refuses it. */
export const ownTag = ({ key, position }: Place, own: string, found: ReadonlyArray<string>): Offence => ({
  _tag: "Tags",
  key,
  position,
  expected: [],
  found,
  message: `${at({ key, position })}: the tagging gives the event ${own}, which has the tagging's own name`
})

export const missingTagRow = ({ key, position }: Place, expected: string): Offence => ({
  _tag: "TagRow",
  key,
  position,
  expected,
  found: undefined,
  message: `${at({ key, position })}: there is no row for the tag ${expected}`
})

export const extraTagRow = (key: string | undefined, position: Offset.Offset, found: string): Offence => ({
  _tag: "TagRow",
  key,
  position,
  expected: undefined,
  found,
  message: `${at({ key, position })}: there is a row for the tag ${found}, ${key === undefined ? "and no event" : "which the event's own row does not have"}`
})

export const event = ({ key, position, type }: Stored, journal: string, why: JournalError.JournalError): Offence => ({
  _tag: "Event",
  key,
  position,
  expected: journal,
  found: type,
  message: why.description
})

export const metadata = ({ key, metadata: given, position }: Stored): Offence => ({
  _tag: "Metadata",
  key,
  position,
  expected: "a record of texts",
  found: JSON.stringify(given),
  message: `${at({ key, position })}: the metadata are ${JSON.stringify(given)}, and should be a record of texts`
})

export const id = ({ key, position }: Place, expected: Offset.Offset, repeated: string): Offence => ({
  _tag: "Id",
  key,
  position,
  expected,
  found: position,
  message: `${at({ key, position })}: the id ${repeated} is that of the event at position ${expected}`
})
