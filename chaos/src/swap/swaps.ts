/**
 * The operator's process, killed and started again while everything else is being killed; and one more round in calm, which
 * has to go through.
 */
import { fileURLToPath } from "node:url"
import { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Fiber, Layer, Option, Redacted, Utils } from "effect"
import type { Fleet } from "../processing/fleet.js"
import * as Numbers from "../processing/numbers.js"
import * as Children from "../run/children.js"
import { say } from "../run/screen.js"
import type { Settings, Told } from "./messages.js"
import { versions } from "./served.js"
import * as Steps from "./steps.js"
import type { Tally } from "./tally.js"

const entry = fileURLToPath(new URL("operator.ts", import.meta.url))

/** How long an operator lives, in milliseconds: at the least, and beyond that at the most. */
const [least, most] = [4000, 8000]
/** Far longer than it takes. */
const lastPatience = "3 minutes"
const answerWithin = "1 minute"

const inTurn = { times: 3, pause: 150 }
const inCalm = { times: 10, pause: 100 }

export const start = (
  fleet: Fleet,
  folder: string,
  options: { readonly careless: boolean; readonly onTold: (told: Told) => void; readonly name: string }
) =>
  Effect.gen(function* () {
    const { careless, name, onTold } = options
    const operator = yield* Children.start<Told>({
      name,
      entry,
      settings: { url: Redacted.value(fleet.url), careless, ...inTurn } satisfies Settings,
      log: Children.logOf(folder, name),
      onMessage: onTold,
      failure: fleet.failure
    })
    yield* operator.ready
    return operator
  })

/** Operators, one after the other, until the scope closes. Gives how many there were. */
export const keepSwapping = (fleet: Fleet, folder: string, { onTold }: Tally, seed: number) =>
  Effect.gen(function* () {
    const random = new Utils.PCGRandom(seed)
    let operators = 0
    const life = Effect.gen(function* () {
      const operator = yield* start(fleet, folder, { careless: false, onTold, name: `operator ${++operators}` })
      yield* Effect.sleep(least + random.number() * (most - least))
      yield* operator.kill
    }).pipe(
      Effect.scoped,
      Effect.catchAll((error) => Deferred.fail(fleet.failure, error))
    )
    const fiber = yield* Effect.forkScoped(Effect.forever(life))
    return { fiber, operators: () => operators }
  })

/** The last round, until it has gone through, and until every node's queries have been answered since, and its receipts. */
const last = (fleet: Fleet, tally: Tally) =>
  Effect.gen(function* () {
    tally.calmed()
    const round = Steps.round({ careless: false, ...inCalm, tell: tally.onTold })
    const done = yield* Steps.attempt(round, tally.onTold).pipe(
      Effect.delay("500 millis"),
      Effect.repeat({ until: (wentThrough) => wentThrough }),
      Effect.timeoutOption(lastPatience)
    )
    const since = Date.now()
    const silent = Effect.sync(() =>
      tally.silent(
        fleet.nodes.alive().map(({ name }) => name),
        since
      )
    )
    yield* Effect.repeat(Effect.delay(silent, "100 millis"), { until: (nodes) => nodes.length === 0 }).pipe(
      Effect.timeoutOption(answerWithin)
    )
    const quiet = yield* silent
    if (quiet.length > 0) yield* say(`  ${quiet.join(", ")} answer no queries, or vouch for no receipts`)
    return (Option.isSome(done) ? 0 : 1) + quiet.length
  }).pipe(
    Effect.provide(Layer.provide(Steps.layer, Layer.succeed(PgClient.PgClient, fleet.sql))),
    Effect.provideService(PgClient.PgClient, fleet.sql)
  )

/**
 * Ends the operator that is at it, lets one more round go through and all writing cease (`still`), and gives what it has
 * come to: the counts that are to be 0 (`wrong`, and of both versions' rows those that are not the fold of their events),
 * and how much was tried.
 */
export const end = (
  running: Effect.Effect.Success<ReturnType<typeof keepSwapping>>,
  fleet: Fleet,
  tally: Tally,
  still: Effect.Effect<unknown>
) =>
  Effect.gen(function* () {
    yield* Fiber.interrupt(running.fiber)
    const stuck = yield* last(fleet, tally)
    yield* still
    for (const node of fleet.nodes.alive()) node.quiet()
    const verdicts = yield* Effect.forEach(versions, ({ table }) => Numbers.caughtUp(Numbers.judge(table))).pipe(
      Effect.provideService(PgClient.PgClient, fleet.sql)
    )
    const sum = (kind: keyof Numbers.Verdict) => verdicts.reduce((all, verdict) => all + verdict[kind], 0)
    const wrong = {
      ...tally.wrong,
      stuck: tally.wrong.stuck + stuck,
      wrongRows: sum("wrongRows"),
      lost: sum("lost"),
      twice: sum("twice")
    }
    const ok = Object.values(wrong).every((n) => n === 0)
    return { ok, figures: { ...wrong, ...tally.counts, operators: running.operators(), pauseMs: tally.pauseMs() } }
  })
