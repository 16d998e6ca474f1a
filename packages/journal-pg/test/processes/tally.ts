import { DistributedProcessing, Process } from "@aecor/core"
import { PgFence } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Effect, Schedule } from "effect"

// Refused with `Fenced`, which ends the run, when a newer run of this process exists.
const count = Effect.flatMap(PgClient.PgClient, (sql) => PgFence.guard(sql`UPDATE tally SET value = value + 1`))

export const Tally = DistributedProcessing.deploy(
  "Tally",
  [Process.fromEffect(Effect.repeat(count, Schedule.spaced("1 second")))],
  {
    role: "worker",
    shutdownTimeout: "10 seconds",
    backoff: { schedule: Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds")) }
  }
)
