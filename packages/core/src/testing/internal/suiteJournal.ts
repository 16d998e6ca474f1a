/** The journals that `JournalSuite` tests with, and small helpers around them. */
import { Arbitrary, Effect, FastCheck, Option, ParseResult, Schema, Stream } from "effect"
import type { EntityEvent } from "../../EntityEvent.js"
import * as Journal from "../../Journal.js"
import type { Offset } from "../../Offset.js"
import * as Tagging from "../../Tagging.js"
import * as Upcast from "../../Upcast.js"
import { fromPounds, Scribbled, upcasts, Weighed, WeighedV2 } from "./suiteShapes.js"

/** Nothing but text. */
export class Noted extends Schema.TaggedClass<Noted>()("Noted", { text: Schema.String }) {}

/** Fields whose encoded form is another one. */
export class Measured extends Schema.TaggedClass<Measured>()("Measured", {
  at: Schema.DateTimeUtc,
  day: Schema.Date,
  amount: Schema.BigDecimal,
  count: Schema.Int,
  flags: Schema.Array(Schema.Boolean),
  comment: Schema.OptionFromNullOr(Schema.String),
  nested: Schema.Struct({ by: Schema.String, times: Schema.NonNegativeInt })
}) {}

/** No fields at all. */
export class Emptied extends Schema.TaggedClass<Emptied>()("Emptied", {}) {}

/** A text that can be written and not be read: what an old event is to a schema that has forgotten it. */
const Forgotten = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (text, _, ast) => ParseResult.fail(new ParseResult.Type(ast, text, "forgotten")),
  encode: ParseResult.succeed
})

/** Encodes and never decodes. */
export class Faded extends Schema.TaggedClass<Faded>()("Faded", { text: Forgotten }) {}

export const SuiteEvent = Schema.Union(Noted, Measured, Emptied, Faded, Weighed)
export type SuiteEvent = typeof SuiteEvent.Type

/** The name of the suite's tagging is as awkward as a name may be. */
export const taggingName = `suite's "tägs" %_\\/$1;`

/** What earlier code knows. */
const EarlierSuiteEvent = Schema.Union(Noted, Scribbled, WeighedV2)
type EarlierSuiteEvent = typeof EarlierSuiteEvent.Type

/** The tags that a note carries beside its partition's: `#one#other` is what its text may be. */
const hashes = (event: SuiteEvent | EarlierSuiteEvent): ReadonlyArray<Tagging.EventTag> =>
  event._tag !== "Noted" || !event.text.startsWith("#")
    ? []
    : event.text.split("#").flatMap((name) => (name === "" ? [] : [Tagging.tag(name)]))

const tagging = Tagging.withTags(Tagging.partitioned(taggingName, 4), hashes)

/** The journal that an adapter builds a layer for. */
export class SuiteJournal extends Journal.Tag<SuiteJournal>()("SuiteJournal", {
  event: SuiteEvent,
  tagging,
  upcasts: { Weighed: upcasts, Scribbled: [Upcast.make(Scribbled, Noted, ({ ink }) => noted(ink))] }
}) {}

/** The same journal as earlier code has declared it. */
export class EarlierSuiteJournal extends Journal.Tag<EarlierSuiteJournal>()("EarlierSuiteJournal", {
  event: EarlierSuiteEvent,
  tagging,
  upcasts: { Weighed: [fromPounds] }
}) {}

export const { tagOf, tags } = tagging

export const noted = (text: string | number): Noted => new Noted({ text: String(text) })

/** An event that its own schema refuses. */
export const unencodable = (template: Measured): Measured => new Measured({ ...template, count: 0.5 }, true)

/** A key that no other test and no other run has used. */
export const freshKey = (label = "key"): string => `${label}-${globalThis.crypto.randomUUID()}`

/** `count` such keys that all belong to one tag. */
export const freshKeysOf = (tag: Tagging.EventTag, count: number): ReadonlyArray<string> => {
  const keys: Array<string> = []
  while (keys.length < count) {
    const key = freshKey()
    if (tagOf(key).partition === tag.partition) keys.push(key)
  }
  return keys
}

/** Every kind of text that a storage has to bear; only NUL is left out. */
export const anyText: FastCheck.Arbitrary<string> = FastCheck.string({ unit: "binary", maxLength: 20 }).map((text) =>
  text.replaceAll("\0", "")
)

/** Endings that make different texts; what one of them loses makes it equal to another. */
export const awkward: ReadonlyArray<string> = [
  "",
  " ",
  "  ",
  "\t",
  "\n",
  "'",
  "''",
  '"',
  "\\",
  "\\\\",
  "%",
  "_",
  "--",
  ";",
  "$1",
  "$$",
  "{}",
  "null",
  "/",
  "é",
  "e\u0301",
  "É",
  "ß",
  "ss",
  "a",
  "A",
  "日本",
  "🙂",
  "👩‍👩‍👧",
  "\u200b",
  "\u2028",
  "\ufeff",
  "\u0001",
  "x".repeat(500)
]

/** Endings that a journal need not take and a key-value store must: NUL, halves of surrogate pairs, and look-alikes. */
export const unstorable: ReadonlyArray<string> = [
  "\0",
  "\0\0",
  "\\0",
  "\\u0000",
  "\u0010",
  "\u00100000",
  "\u0010\u0010",
  "\ud800",
  "\ud801",
  "\udfff",
  "\ud800\0",
  "\udfff\ud800"
]

/** Texts of any UTF-16 units, NUL and halves of surrogate pairs among them. */
export const anyUnits: FastCheck.Arbitrary<string> = FastCheck.array(
  FastCheck.oneof(FastCheck.nat({ max: 0xffff }), FastCheck.constantFrom(0, 0x10, 0x30, 0x61, 0xd83d, 0xde42)),
  { maxLength: 20 }
).map((units) => String.fromCharCode(...units))

/** Events of every decodable kind. */
export const anyEvent: FastCheck.Arbitrary<SuiteEvent> = FastCheck.oneof(
  anyText.map((text) => new Noted({ text })),
  Arbitrary.make(Measured),
  Arbitrary.make(Emptied),
  Arbitrary.make(Weighed)
)

export const read = (key: string, from = 1) =>
  Effect.flatMap(SuiteJournal, (journal) => Effect.map(Stream.runCollect(journal.read(key, from)), (_) => [..._]))

export const eventsOf = (key: string) => Effect.map(read(key), (events) => events.map((_) => _.event))

export const append = (key: string, expected: number, ...events: ReadonlyArray<SuiteEvent>) =>
  Effect.flatMap(SuiteJournal, (journal) => journal.append(key, expected, events))

export const head = (tag: Tagging.EventTag) => Effect.flatMap(SuiteJournal, (journal) => journal.head(tag))

export const current = (tag: Tagging.EventTag, after: Offset) =>
  Effect.flatMap(SuiteJournal, (journal) =>
    Effect.map(Stream.runCollect(journal.currentEventsByTag(tag, after)), (_) => [..._])
  )

/** The next events of a tag, as many as asked for, waiting for those that are not there yet. */
export const next = (tag: Tagging.EventTag, after: Offset, count: number) =>
  Effect.flatMap(SuiteJournal, (journal) =>
    Effect.map(Stream.runCollect(Stream.take(journal.eventsByTag(tag, after), count)), (_) => [..._])
  )

/** What identifies an event to its readers. */
export const placeOf = (event: EntityEvent<unknown>) => [event.key, event.sequence, event.id] as const

export const lastPosition = (events: ReadonlyArray<EntityEvent<unknown>>): Offset =>
  Option.getOrElse(Option.fromNullable(events.at(-1)), () => ({ position: 0 })).position
