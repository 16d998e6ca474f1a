/** One sending of a batch to the table's function, and what it came to. */
import type { Tagging } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { Effect } from "effect"
import * as array from "./binaryArray.js"
import type { Dedicated, Result as Sent } from "./dedicated.js"
import type { Encoded } from "./eventCodec.js"
import type { Outcome } from "./journalFunctions.js"
import type { Statements } from "./journalStatements.js"
import { type Meaning, meaning } from "./sqlState.js"
import { statement } from "./statement.js"

/** One append, ready to be sent. */
export interface Append {
  readonly key: string
  readonly expected: number
  readonly lastId: string | undefined
  readonly tag: Tagging.EventTag
  /** How many partitions the tag was chosen among; undefined for a tagging that is not by a stable hash. */
  readonly partitions: number | undefined
  readonly metadata: string
  readonly events: ReadonlyArray<Encoded>
}

/** A row of the function's answer: one an append. */
export type Answer = readonly [outcome: Outcome, head: string, lastPosition: string | null]

/** A sending without an answer. `NotSent`: there was no connection to send it on. */
export interface Failed {
  readonly _tag: "Failed"
  readonly meaning: Meaning | "NotSent"
  readonly cause: SqlError.SqlError
}

export type Result = { readonly _tag: "Answered"; readonly answers: ReadonlyArray<Answer> } | Failed

/** Longer than the function waits for its lock: only a connection that is dead without knowing it takes longer. */
export const attemptTimeout = "15 seconds"

const parameters = (batch: ReadonlyArray<Append>): ReadonlyArray<unknown> => {
  const events: Array<Encoded> = []
  const appends: Array<number> = []
  const numbers: Array<number> = []
  batch.forEach((append, i) =>
    append.events.forEach((event, j) => {
      events.push(event)
      appends.push(i + 1)
      numbers.push(j + 1)
    })
  )
  return [
    array.texts(batch.map(({ key }) => key)),
    array.bigints(batch.map(({ expected }) => expected)),
    array.integers(batch.map((append) => append.events.length)),
    array.uuids(batch.map((append) => append.events[0]?.id ?? null)),
    array.uuids(batch.map(({ lastId }) => lastId ?? null)),
    array.texts(batch.map(({ tag }) => tag.name)),
    array.integers(batch.map(({ tag }) => tag.partition)),
    array.texts(batch.map(({ metadata }) => metadata)),
    array.integers(appends),
    array.integers(numbers),
    array.uuids(events.map(({ id }) => id)),
    array.texts(events.map(({ type }) => type)),
    array.integers(events.map(({ version }) => version)),
    array.texts(events.map(({ tags }) => tags)),
    array.texts(events.map(({ payload }) => payload)),
    batch[0]?.partitions ?? null
  ]
}

/** The one event of the one append of a batch, where that is all that the batch holds. */
const onlyOne = (batch: ReadonlyArray<Append>): readonly [Append, Encoded] | undefined => {
  const [append] = batch
  const [event] = append?.events ?? []
  return append === undefined || event === undefined || batch.length + append.events.length > 2
    ? undefined
    : [append, event]
}

export interface Call {
  /** Sends a batch once. */
  readonly batch: (batch: ReadonlyArray<Append>) => Effect.Effect<Result>
  /**
   * Sends a batch for the first time: one event alone goes the short way, which has no answer but the position. Where it
   * gives none, nothing was stored, and the batch's own way tells why.
   */
  readonly first: (batch: ReadonlyArray<Append>) => Effect.Effect<Result>
}

export const make = (connection: Dedicated, sql: Pick<Statements, "append" | "appendOne">): Call => {
  const [all, one] = [statement(sql.append), statement(sql.appendOne)]
  const batch: Call["batch"] = (appends) => Effect.map(connection.send(all, parameters(appends)), toResult)

  const first: Call["first"] = (appends) => {
    const only = onlyOne(appends)
    if (only === undefined) return batch(appends)
    const [{ expected, key, lastId, metadata, partitions = null, tag }, { id, payload, tags, type, version }] = only
    const { name, partition } = tag
    const values = [
      key,
      expected,
      id,
      type,
      payload,
      name,
      partition,
      version,
      metadata,
      lastId ?? null,
      tags,
      partitions
    ]
    return Effect.flatMap(connection.send(one, values), (result) => {
      if (result._tag === "Failed") return Effect.succeed(toResult(result))
      const position = result.rows[0]?.[0] ?? null
      return position === null
        ? batch(appends)
        : Effect.succeed<Result>({ _tag: "Answered", answers: [["stored", String(expected), position]] })
    })
  }
  return { batch, first }
}

const toResult = (result: Sent): Result => {
  if (result._tag === "Answered") return { _tag: "Answered", answers: result.rows.map(toAnswer) }
  const { cause, sent } = result
  return { _tag: "Failed", meaning: sent ? meaning(cause) : "NotSent", cause }
}

const toAnswer = ([outcome, head, lastPosition]: ReadonlyArray<string | null>): Answer => [
  outcome === "stored" || outcome === "changed" ? outcome : "conflict",
  head ?? "0",
  lastPosition ?? null
]
