/**
 * A connection of one's own, for one statement at a time: it keeps its statements prepared, and is given up when an answer
 * does not come. Rows come as arrays, of texts where the statement selects texts. What a sending came to is told as it
 * is: never sent, or sent with an answer or without.
 */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, type Scope } from "effect"
import type * as Pg from "pg"
import * as OwnConnection from "./ownConnection.js"
import type { Statement } from "./statement.js"

/** No answer; what was not even sent had no effect. */
interface Failed {
  readonly _tag: "Failed"
  readonly sent: boolean
  readonly cause: SqlError.SqlError
}

/** What came of a sending. */
export type Result = { readonly _tag: "Answered"; readonly rows: ReadonlyArray<ReadonlyArray<string | null>> } | Failed

export interface Dedicated {
  readonly send: (statement: Statement, values: ReadonlyArray<unknown>) => Effect.Effect<Result>
}

export const make = (options: {
  readonly config: PgClient.PgClientConfig
  /** What the connection is for: it stands in its name. */
  readonly purpose: string
  /** How long an answer is waited for; then the connection is given up. */
  readonly timeout: Duration.DurationInput
  /** Whether statements may be named: a pooler that changes the connection under a client does not bear it. */
  readonly named: boolean
}): Effect.Effect<Dedicated, never, Scope.Scope> =>
  Effect.map(OwnConnection.make(options.config, options.purpose), ({ giveUp, opened }) => {
    const timeout = Duration.toMillis(options.timeout)

    const query = (client: Pg.Client, { name, text }: Statement, values: ReadonlyArray<unknown>) =>
      Effect.async<Result>((resume) => {
        const done = (result: Result) => {
          clearTimeout(timer)
          resume(Effect.succeed(result))
        }
        const timer = setTimeout(() => {
          giveUp(client)
          done(noAnswer(new Error(`no answer within ${timeout} ms`)))
        }, timeout)
        const asked = { ...(options.named ? { name } : {}), text, values: [...values], rowMode: "array" as const }
        // the types have the callback's error as always there
        client.query<Array<string | null>>(asked, (cause: Error | null, result) =>
          done(cause ? noAnswer(cause) : { _tag: "Answered", rows: result.rows })
        )
        return Effect.sync(() => {
          clearTimeout(timer)
          giveUp(client)
        })
      })

    return {
      send: (statement, values) =>
        Effect.matchEffect(opened, {
          onFailure: (cause) => Effect.succeed<Result>({ _tag: "Failed", sent: false, cause }),
          onSuccess: (client) => query(client, statement, values)
        })
    }
  })

const noAnswer = (cause: unknown): Failed => ({
  _tag: "Failed",
  sent: true,
  cause: new SqlError.SqlError({ message: "the statement failed", cause })
})
