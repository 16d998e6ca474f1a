/** A snapshot as text: an entity as it was known at a sequence, its recent commands included. */
import { Data, Effect, type ParseResult, Schema } from "effect"
import type { Snapshotting } from "../Snapshotting.js"
import type { Loaded } from "./loaded.js"
import * as RecentCommands from "./recentCommands.js"

/** Refuses what JSON would change or drop: so a snapshot that is stored is the state that it was made of. */
const strict = function (this: unknown, property: string, value: unknown): unknown {
  // as it stands in its object: `value` is what its `toJSON` made of it
  const original: unknown = (this as Readonly<Record<string, unknown>>)[property]
  const lossy =
    typeof original === "bigint" ||
    typeof original === "function" ||
    typeof original === "symbol" ||
    (typeof original === "number" && (!Number.isFinite(original) || Object.is(original, -0))) ||
    (original === undefined && Array.isArray(this)) ||
    (typeof original === "object" && original !== null && !isPlain(original))
  if (lossy) throw new TypeError(`${JSON.stringify(property)} is ${String(original)}, which JSON does not give back`)
  return value
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

const Stored = Schema.Struct({
  version: Schema.Int,
  sequence: Schema.Int.pipe(Schema.positive()),
  lastId: Schema.String,
  recent: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      tag: Schema.String,
      sequence: Schema.Int,
      reply: Schema.optional(Schema.String)
    })
  ),
  state: Schema.optional(Schema.Unknown)
})
const fromText = Schema.decode(Schema.parseJson(Stored))

/** The state is not one that JSON gives back. */
class Lossy extends Data.TaggedError("Lossy")<{ readonly message: string }> {}

export const encode = <S, R>(
  snapshotting: Snapshotting<S, R>,
  { lastId = "", recent, sequence, state }: Loaded<S>
): Effect.Effect<string, ParseResult.ParseError | Lossy> =>
  Effect.flatMap(snapshotting.encode(state), (encoded) => {
    const { version } = snapshotting
    const commands = RecentCommands.entries(recent).map(([id, recorded]) => ({ id, ...recorded }))
    const stored: typeof Stored.Encoded = { version, sequence, lastId, recent: commands, state: encoded }
    return Effect.try({
      try: () => JSON.stringify(stored, strict),
      catch: (cause) => new Lossy({ message: cause instanceof Error ? cause.message : String(cause) })
    })
  })

/** The snapshot in a text; the number of its version where that is another one. */
export const decode = Effect.fnUntraced(function* <S, R>(
  snapshotting: Snapshotting<S, R>,
  text: string
): Effect.fn.Return<Loaded<S> | number, ParseResult.ParseError> {
  const stored = yield* fromText(text)
  if (stored.version !== snapshotting.version) return stored.version
  return {
    state: yield* snapshotting.decode(stored.state),
    sequence: stored.sequence,
    lastId: stored.lastId,
    recent: RecentCommands.of(stored.recent.map(({ id, reply, sequence, tag }) => [id, { tag, sequence, reply }]))
  }
})
