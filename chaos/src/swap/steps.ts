/**
 * What an operator does with two versions of a view, as docs/replay.md says: the next one is emptied and fills, is compared
 * with the one that serves, and serves in its place, and the other way round. Each step may be cut off and run again.
 *
 * The careless operator moves the alias without asking for any condition, and edits a row: to see that it is found out.
 */
import { Deployment, ProcessContext } from "@aecor/core"
import { PgFence, PgProcessLease } from "@aecor/journal-pg"
import { SideBySide, type ViewAlias } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Cause, Data, Effect, Either, Layer, Option, Stream } from "effect"
import * as Numbers from "../processing/numbers.js"
import type { Settings, Told } from "./messages.js"
import * as Served from "./served.js"
import { isOfFault } from "./trouble.js"

/** How long the processes are given to stop: a node that is frozen does not. */
const stopping = "3 seconds"
/** How long the next version stands still before its time, while the other one goes on. */
const standing = "500 millis"
/** How long an alias that was moved without care stays so. */
const carelessFor = "300 millis"
/** How often it is looked whether the next version has come to the end. */
const looking = { every: "100 millis" } as const
/** How long rows are given to meet, before all is compared once more. */
const comparing = { patience: "3 seconds" } as const

/** The version that was to be emptied serves: nothing was done. */
class Serves extends Data.TaggedError("Serves")<{ readonly version: string }> {}

/** What the steps need, past the nodes' wires. */
export const layer = Layer.mergeAll(
  Numbers.journalLayer({ pooled: false }),
  Served.layer({ pooled: false }),
  PgProcessLease.layer
)

/** All of them, from wherever things stand, until the other version serves. */
export const round = (options: Omit<Settings, "url"> & { readonly tell: (told: Told) => void }) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const served = yield* Served.Served
    const { careless, pause, times } = options
    const tell = (told: Told) => Effect.sync(() => options.tell(told))
    const [first, second] = Served.versions
    const serving: Effect.Effect<Served.Version, ViewAlias.ViewAliasError> = Effect.map(served.serving, (name) =>
      name === second.name ? second : first
    )
    const other = (version: Served.Version): Served.Version => (version === first ? second : first)

    /** Whether the version serves now. */
    const swap = (to: Served.Version, how: "InTurn" | "TooSoon") =>
      Effect.gen(function* () {
        const since = Date.now()
        const swapping = served.swap(to.name, how === "TooSoon" ? { patience: 0 } : {})
        const answer = yield* Effect.either(swapping)
        const span = { how, since, until: Date.now() } as const
        if (Either.isRight(answer)) {
          yield* tell({ _tag: "Swapped", ...span })
          return true
        }
        if (answer.left._tag !== "SwapRefused") return yield* answer.left
        const { behind, message, quarantined } = answer.left
        const isRight = quarantined.length === 0 && behind.length > 0 && behind.every(({ of, offset }) => offset < of)
        yield* tell({ _tag: "Refused", ...span, isRight, message })
        return false
      })

    const move = (to: Served.Version) =>
      sql`INSERT INTO view_alias AS present (name, version, swaps) VALUES (${Served.Served.label}, ${to.name}, 1)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, swaps = present.swaps + 1`

    /** Whether a version serves that should not, since it is behind. Who does it carelessly takes it back. */
    const swapTooSoon = (to: Served.Version) =>
      careless
        ? Effect.zipRight(move(to), Effect.delay(move(other(to)), carelessFor)).pipe(Effect.as(false))
        : swap(to, "TooSoon")

    /** Its rows and offsets go at once, unless it serves: what a swap is about to move is waited for. */
    const emptied = (version: Served.Version, fence: ProcessContext.Fence) =>
      Effect.gen(function* () {
        const [alias] = yield* sql<{ readonly version: string }>`
          SELECT version FROM view_alias WHERE name = ${Served.Served.label} FOR UPDATE`
        const { name } = version
        if ((alias?.version ?? first.name) === name) return yield* new Serves({ version: name })
        yield* sql`DELETE FROM ${sql(version.table)}`
        yield* sql`DELETE FROM consumer_offset WHERE consumer = ${name}`
      }).pipe(PgFence.guard, Effect.provideService(ProcessContext.ProcessContext, fence))

    /** The version before makes room for the one after: while it stands still, and when it is empty, it must not serve. */
    const renew = (version: Served.Version) =>
      Effect.gen(function* () {
        const { name } = version
        yield* sql`INSERT INTO chaos_renewing (version) VALUES (${name}) ON CONFLICT DO NOTHING`
        yield* Deployment.whileStopped(
          name,
          (fence) =>
            Effect.gen(function* () {
              yield* Effect.sleep(standing)
              if (yield* swapTooSoon(version)) return
              yield* emptied(version, fence)
              yield* swapTooSoon(version)
            }),
          { patience: stopping }
        )
        yield* sql`DELETE FROM chaos_renewing WHERE version = ${name}`
        yield* tell({ _tag: "Renewed" })
      }).pipe(Effect.catchTag("Serves", () => sql`DELETE FROM chaos_renewing`))

    /** A renewal that was cut off has left the version standing still. */
    const renewedAgain = Effect.gen(function* () {
      const cutOff = yield* sql<{ readonly version: string }>`SELECT version FROM chaos_renewing`
      for (const version of Served.versions) {
        if (cutOff.some((row) => row.version === version.name)) yield* renew(version)
      }
    })

    const filled = (version: Served.Version) =>
      version === first
        ? Stream.runDrain(SideBySide.progress(Served.first, looking))
        : Stream.runDrain(SideBySide.progress(Served.second, looking))
    const compared = (live: Served.Version) =>
      live === first
        ? SideBySide.verify(Served.first, Served.second, comparing)
        : SideBySide.verify(Served.second, Served.first, comparing)

    /** Until all rows have met. */
    const verified = (live: Served.Version, next: Served.Version) =>
      Effect.gen(function* () {
        if (careless) {
          yield* sql`UPDATE ${sql(next.table)} SET trail = 'edited'
            WHERE key = (SELECT key FROM ${sql(next.table)} ORDER BY random() LIMIT 1)`
        }
        const found = yield* compared(live)
        const { different, extra, missing, same, unsettled } = found
        yield* tell({
          _tag: "Verified",
          same,
          differing: different + extra + missing,
          samples: found.samples.slice(0, 3)
        })
        return unsettled
      }).pipe(Effect.repeat({ until: (unsettled) => unsettled === 0 }))

    const swapped = (to: Served.Version) =>
      Effect.repeat(Effect.zipLeft(swap(to, "InTurn"), Effect.sleep(pause)), { until: (done) => done })

    yield* renewedAgain
    const live = yield* serving
    const next = other(live)
    yield* filled(next)
    yield* tell({ _tag: "Filled" })
    yield* verified(live, next)
    yield* swapped(next)
    for (let time = 1; time < times; time += 1) {
      yield* swapped(live)
      yield* swapped(next)
    }
    yield* renew(live)
    yield* tell({ _tag: "Round" })
  })

/** Whether an effect has gone through; if not, that is told. */
export const attempt = <A, E extends { readonly _tag: string; readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>,
  tell: (told: Told) => void
): Effect.Effect<boolean, never, R> =>
  effect.pipe(
    Effect.as(true),
    Effect.catchAllCause((cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const byFault = Option.exists(Cause.failureOption(cause), isOfFault)
      const message = Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.pretty(cause),
        onSome: (error) => error.message
      })
      return Effect.as(
        Effect.sync(() => tell({ _tag: "CutOff", byFault, message })),
        false
      )
    })
  )
