/** Reads that bear a short absence of the server. */
import type { SqlError } from "@effect/sql"
import { Effect, Schedule } from "effect"
import { meaning } from "./sqlState.js"

const schedule = Schedule.intersect(Schedule.exponential("50 millis"), Schedule.recurs(5))

/** A read may be repeated: a connection that died, or a server that restarts, is bridged for about a second and a half. */
export const bridged = <A, R>(read: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, SqlError.SqlError, R> =>
  Effect.retry(read, { schedule, while: (cause) => ["Lost", "Passing"].includes(meaning(cause)) })
