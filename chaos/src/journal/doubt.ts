/**
 * Cuts the connection between writers and Postgres, on purpose and at a known place:
 *
 * - `before`: the statement has not reached the server. Nothing is stored by it, ever.
 * - `waiting`: the server has it, and its backend waits for a lock. It will store it, with nobody to tell.
 * - `answered`: the server has stored it, and its answer is held back.
 * - `givingUp`: as `waiting`, and the way back stays closed until the writer's patience is over.
 *
 * The writer sees the same each time: a dead connection. In the first three places an append must end as stored; in the
 * last, and there only, as in doubt. What was really stored is for the checker to say, at the end.
 */
import type { Journal, JournalError } from "@aecor/core"
import { TcpProxy } from "@aecor/journal-pg/testing"
import type { PgClient } from "@effect/sql-pg"
import { Context, Data, Effect, Either, Fiber, Layer, type Redacted, Schedule, Utils } from "effect"
import type { Ledger, Outcome } from "./checker.js"
import * as Model from "./model.js"

export const places = ["before", "waiting", "answered", "givingUp"] as const
export type Place = (typeof places)[number]
export interface Counts {
  readonly cuts: Record<Place, number>
  /** Appends that were answered with something else than what their place demands. */
  wrongAnswers: number
}

class NotCome extends Data.TaggedError("NotCome")<{ readonly message: string }> {}

/** Writers whose connections are cut, side by side. */
const width = 16
/** Another number than any other writer's, and one that is found in the bytes of a statement. */
const firstKey = 7_000_001
const applicationName = "chaos cut off"

/** What Postgres says last when a statement is over and committed. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])

/** How long a writer tries. */
type Patience = "30 seconds" | "300 millis"

interface Lane {
  readonly key: number
  readonly proxy: TcpProxy.TcpProxy
  readonly journal: Journal.Journal<Model.Written>
  /** Where the next append's connection is cut by the proxy itself. */
  readonly arm: (place: "before" | "answered") => void
  head: number
}

const makeLane = (url: Redacted.Redacted, key: number, counts: Counts, patience: Patience) =>
  Effect.gen(function* () {
    let armed: Place | undefined
    const awaited = new WeakSet<TcpProxy.Connection>()
    const cut = (connection: TcpProxy.Connection, place: Place) => {
      armed = undefined
      counts.cuts[place] += 1
      connection.close()
      return false
    }
    const proxy = yield* TcpProxy.make(url, {
      onSent: (bytes, connection) => {
        if (armed === undefined || !bytes.includes(String(key))) return true
        if (armed === "before") return cut(connection, "before")
        awaited.add(connection)
        return true
      },
      onAnswered: (bytes, connection) => {
        if (!awaited.has(connection)) return true
        return bytes.includes(readyForQuery) ? cut(connection, "answered") : false
      }
    })
    const journal = yield* Layer.build(Model.journal(Model.client(proxy.url, applicationName, 2), { patience }))
    const arm = (place: "before" | "answered") => {
      armed = place
    }
    const lane: Lane = { key, proxy, journal: Context.get(journal, Model.ChaosJournal), arm, head: 0 }
    return lane
  })

/** Appends, and notes what was sent and answered. */
const append = (lane: Lane, key: number, expected: number, number: number, ledger: Ledger) =>
  Effect.gen(function* () {
    const count = 1 + (number % 10)
    ledger.sent({ append: number, key, expected, count })
    const answer = yield* Effect.either(lane.journal.append(String(key), expected, Model.eventsOf(number, count)))
    ledger.told(number, Either.match(answer, { onLeft: outcomeOf, onRight: () => "stored" as const }))
    return answer
  })

const outcomeOf = ({
  _tag
}: JournalError.VersionConflict | JournalError.JournalError | JournalError.InDoubt): Outcome =>
  _tag === "InDoubt" ? "unknown" : "refused"

/** What the backends of these writers are at, until it is what is asked for. */
const untilBackends = (
  sql: PgClient.PgClient,
  what: string,
  holds: (backends: { readonly busy: number; readonly waiting: number }) => boolean
) =>
  sql<{ readonly busy: number; readonly waiting: number }>`
    SELECT count(*) FILTER (WHERE state = 'active')::integer AS busy,
      count(*) FILTER (WHERE wait_event_type = 'Lock')::integer AS waiting
    FROM pg_stat_activity WHERE starts_with(application_name, ${applicationName})`.pipe(
    Effect.repeat({ until: ([row]) => row !== undefined && holds(row), schedule: Schedule.spaced("3 millis") }),
    Effect.timeoutFail({
      duration: "8 seconds",
      onTimeout: () => new NotCome({ message: `this did not come: ${what}` })
    })
  )
const untilWaiting = (sql: PgClient.PgClient, count: number) =>
  untilBackends(sql, `${count} backends that wait for the lock`, ({ waiting }) => waiting >= count)

/** Holds what every append needs while the effect runs: a lock on the table that lets readers pass. */
const whileLocked = <A, E, R>(sql: PgClient.PgClient, effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      // what was cut off before may still be at work
      yield* untilBackends(sql, "backends at rest", ({ busy }) => busy === 0)
      const connection = yield* sql.reserve
      yield* connection.execute(`BEGIN; LOCK TABLE ${Model.table} IN SHARE MODE`, [], undefined)
      yield* Effect.addFinalizer(() => Effect.ignore(connection.execute("COMMIT", [], undefined)))
      return yield* effect
    })
  )

/**
 * Cuts so many times, in rounds of one place each. `life` numbers the appends; `watcher` reaches Postgres without a
 * proxy.
 */
export const run = (options: {
  readonly url: Redacted.Redacted
  readonly watcher: PgClient.PgClient
  readonly ledger: Ledger
  readonly life: number
  readonly seed: number
  readonly cuts: number
}) =>
  Effect.gen(function* () {
    const { ledger, watcher } = options
    const counts: Counts = { cuts: { before: 0, waiting: 0, answered: 0, givingUp: 0 }, wrongAnswers: 0 }
    const random = new Utils.PCGRandom(options.seed)
    const makeLanes = (patience: Patience, from: number) =>
      Effect.forEach(
        Array.from({ length: width }, (_, i) => from + i),
        (key) => makeLane(options.url, key, counts, patience),
        { concurrency: 4 }
      )
    const patient = yield* makeLanes("30 seconds", firstKey)
    const impatient = yield* makeLanes("300 millis", firstKey + width)
    let sent = 0
    const next = () => options.life * Model.appendsPerLife + sent++

    /** One append a lane, which must end as stored. */
    const settle = (lanes: ReadonlyArray<Lane>) =>
      Effect.forEach(
        lanes,
        (one) =>
          Effect.map(append(one, one.key, one.head, next(), ledger), (answer) => {
            if (Either.isRight(answer)) one.head = answer.right.sequence
            else counts.wrongAnswers += 1
          }),
        { concurrency: "unbounded", discard: true }
      )
    const cutAll = (lanes: ReadonlyArray<Lane>, place: Place) => {
      for (const one of lanes) one.proxy.cut()
      counts.cuts[place] += lanes.length
    }

    const rounds = {
      before: Effect.suspend(() => {
        for (const one of patient) one.arm("before")
        return settle(patient)
      }),
      answered: Effect.suspend(() => {
        for (const one of patient) one.arm("answered")
        return settle(patient)
      }),
      // the second sending waits behind the first, whose backend knows nothing of the cut; and is cut off too
      waiting: Effect.gen(function* () {
        const appends = yield* whileLocked(
          watcher,
          Effect.gen(function* () {
            const fiber = yield* Effect.fork(settle(patient))
            yield* untilWaiting(watcher, width)
            cutAll(patient, "waiting")
            // a writer that does not send again is found by its answer
            if (yield* Effect.isSuccess(untilWaiting(watcher, 2 * width))) cutAll(patient, "waiting")
            return fiber
          })
        )
        yield* Fiber.join(appends)
      }),
      givingUp: Effect.gen(function* () {
        const answers = yield* whileLocked(
          watcher,
          Effect.gen(function* () {
            // a key of its own each time: where its head is, nobody will know
            const all = Effect.forEach(
              impatient,
              (one) => {
                const number = next()
                return append(one, firstKey + 2 * width + (number % Model.appendsPerLife), 0, number, ledger)
              },
              { concurrency: "unbounded" }
            )
            const fiber = yield* Effect.fork(all)
            yield* untilWaiting(watcher, width)
            for (const one of impatient) one.proxy.admit(false)
            cutAll(impatient, "givingUp")
            const given = yield* Fiber.join(fiber)
            for (const one of impatient) one.proxy.admit(true)
            return given
          })
        )
        counts.wrongAnswers += answers.filter((one) => Either.isRight(one) || one.left._tag !== "InDoubt").length
      })
    } satisfies Record<Place, unknown>

    // each once at least
    for (const place of places) yield* rounds[place]
    const done = () => Object.values(counts.cuts).reduce((sum, n) => sum + n, 0) >= options.cuts
    while (!done() && counts.wrongAnswers === 0) {
      const dice = random.integer(20)
      yield* rounds[dice === 0 ? "givingUp" : dice < 6 ? "waiting" : dice < 13 ? "before" : "answered"]
    }
    return counts
  }).pipe(Effect.parallelFinalizers, Effect.scoped)
