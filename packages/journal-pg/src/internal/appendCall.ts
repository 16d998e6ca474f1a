/** One sending of a batch, on a connection of its own. */
import type { Tagging } from "@aecor/core"
import type { SqlClient, SqlError } from "@effect/sql"
import { type Duration, Effect } from "effect"
import { answerWithin } from "./answer.js"
import type { Encoded } from "./eventCodec.js"
import { type Meaning, meaning } from "./sqlState.js"

/** One append, ready to be sent. */
export interface Append {
  readonly key: string
  readonly expected: number
  readonly tag: Tagging.EventTag
  readonly metadata: string
  readonly events: ReadonlyArray<Encoded>
}

/** A row of the function's answer: one an append. */
export interface Answer {
  readonly accepted: boolean
  readonly head: string
  readonly last_position: string | null
}

/** A sending without an answer. `NotSent`: there was no connection to send it on. */
export interface Failed {
  readonly _tag: "Failed"
  readonly meaning: Meaning | "NotSent"
  readonly cause: SqlError.SqlError
}

export type Result = { readonly _tag: "Answered"; readonly answers: ReadonlyArray<Answer> } | Failed

/** Longer than the function waits for its lock: only a connection that is dead without knowing it takes longer. */
export const attemptTimeout: Duration.DurationInput = "15 seconds"

const parameters = (batch: ReadonlyArray<Append>): ReadonlyArray<unknown> => {
  const events = batch.flatMap((append, i) =>
    append.events.map((event, j) => ({ ...event, append: i + 1, number: j + 1 }))
  )
  return [
    batch.map(({ key }) => key),
    batch.map(({ expected }) => expected),
    batch.map((append) => append.events.length),
    batch.map((append) => append.events[0]?.id ?? null),
    batch.map(({ tag }) => tag.name),
    batch.map(({ tag }) => tag.partition),
    batch.map(({ metadata }) => metadata),
    events.map(({ append }) => append),
    events.map(({ number }) => number),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ payload }) => payload)
  ]
}

/** Sends a batch once. One that has no connection in time is not sent any more. */
export const make =
  (options: {
    readonly sql: SqlClient.SqlClient
    /** The statement that calls the function. */
    readonly statement: string
    readonly timeout: Duration.DurationInput
  }) =>
  (batch: ReadonlyArray<Append>): Effect.Effect<Result> =>
    Effect.suspend(() => {
      const params = parameters(batch)
      const progress = { sent: false, abandoned: false }
      const sending = Effect.gen(function* () {
        // an interrupted reservation would lose its connection when it comes
        const connection = yield* Effect.uninterruptible(options.sql.reserve)
        if (progress.abandoned) return []
        progress.sent = true
        return yield* connection.execute(options.statement, params, undefined)
      })
      return Effect.match(answerWithin(options.timeout)(Effect.scoped(sending)), {
        onFailure: (cause): Result => {
          progress.abandoned = true
          return { _tag: "Failed", meaning: progress.sent ? meaning(cause) : "NotSent", cause }
        },
        onSuccess: (answers): Result => ({ _tag: "Answered", answers })
      })
    })
