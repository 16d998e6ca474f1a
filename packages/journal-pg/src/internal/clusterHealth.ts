/**
 * Which runners are alive, by the beats with which they announce themselves.
 *
 * The cluster library would have one runner ping the others: cut off from them, it declares all of them dead. A beat in
 * the database is what every runner can see, and what the processes' coordinators go by, too.
 *
 * In doubt a runner lives: one that has not announced itself since it came lives as long as its registration (15 s
 * without a refresh), and while the database does not answer nobody is declared dead. For a while after that, or after
 * this runner has begun to look, everybody stays what they were declared: every beat may be old then.
 *
 * Every runner looks, and whoever finds a dead one first frees its shards. Left to the library, its entities would wait
 * until its locks expire (15 s), and longer when it hosted the library's own health check. A dead runner that wakes
 * finds its locks gone and lets go; until then the journals decide between two owners of an entity.
 */
import { RunnerHealth } from "@effect/cluster"
import { RunnerName } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schedule } from "effect"

/** A runner beats every second; one whose last beat is older than this is dead. */
const aliveFor = 4000

/** The runners are looked at every second. After a gap longer than this one they are watched first, for so long. */
const watchFor = 3000

type Dead = ReadonlySet<string>

const nobody: Dead = new Set()

const make = Effect.gen(function* () {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  let lookedAt = Number.NEGATIVE_INFINITY
  let watchingSince = 0

  const look = Effect.gen(function* () {
    const rows = yield* sql<{ readonly runner: string; readonly healthy: boolean; readonly age: number | null }>`
      SELECT address AS runner, healthy, aecor_age(beat_at) AS age
      FROM cluster_runners LEFT JOIN runner_beat ON runner_beat.runner = cluster_runners.address`
    // not the time of day, which may be set
    const now = Number((yield* Effect.clock).unsafeCurrentTimeNanos() / 1_000_000n)
    if (now - lookedAt > watchFor) watchingSince = now
    lookedAt = now
    const watching = now - watchingSince < watchFor
    const isDead = (row: (typeof rows)[number]) => (watching ? !row.healthy : (row.age ?? 0) > aliveFor)
    return new Set(rows.filter(isDead).map((_) => _.runner))
  }).pipe(
    Effect.timeout("2 seconds"),
    Effect.catchAll((error) => {
      lookedAt = Number.NEGATIVE_INFINITY
      return Effect.as(Effect.logDebug("the runners' beats could not be read", error), nobody)
    }),
    Effect.withTracerEnabled(false)
  )
  const buried = new Set<string>()
  const bury = Effect.gen(function* () {
    const dead = yield* look
    for (const runner of buried) if (!dead.has(runner)) buried.delete(runner)
    const found = [...dead].filter((runner) => !buried.has(runner))
    if (found.length === 0) return
    yield* sql`UPDATE cluster_runners SET healthy = false WHERE healthy AND address = ANY (${found}::text[])`
    yield* sql`DELETE FROM cluster_locks WHERE address = ANY (${found}::text[])`
    for (const runner of found) buried.add(runner)
  }).pipe(
    Effect.catchAll((error) => Effect.logDebug("the shards of a dead runner could not be freed", error)),
    Effect.withTracerEnabled(false)
  )
  yield* Effect.forkScoped(Effect.repeat(bury, Schedule.spaced("1 second")))

  // the library asks for each runner in turn; they share one look
  const verdicts = yield* Effect.cachedWithTTL(look, "500 millis")
  return RunnerHealth.RunnerHealth.of({
    isAlive: (address) => Effect.map(verdicts, (dead) => !dead.has(RunnerName.of(address)))
  })
})

export const layer: Layer.Layer<RunnerHealth.RunnerHealth, never, PgClient.PgClient> = Layer.scoped(
  RunnerHealth.RunnerHealth,
  make
)
