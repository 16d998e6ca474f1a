/**
 * Queries through the alias, again and again, on every node; and commands of its own whose receipts are waited for there.
 * What it finds it tells now and then, and what is wrong at once.
 */
import type { ViewAlias, ViewStore } from "@aecor/projection"
import { Cause, Effect, Exit, Option, Schedule } from "effect"
import * as Feeder from "../processing/feeder.js"
import * as Child from "../run/child.js"
import { Served } from "./served.js"
import { isOfFault } from "./trouble.js"
import * as Witness from "./witness.js"

/** How often it tells, in milliseconds. */
const telling = 250
/** The pause between two commands, how many keys they go to, and how long the view may take to show one. */
const commands = "200 millis"
const keys = 4
const patience = "5 seconds"

/**
 * Since the last report.
 *
 * - `queries`: those that were answered: when they were asked, and how many milliseconds they took.
 * - `promises`: receipts that `awaitReceipt` has vouched for.
 * - `unanswered`: queries that failed for want of a server, and receipts that came too late: faults do that.
 * - `failed`: what failed otherwise. Nothing but a swap can be the reason.
 * - `told`: some of what was wrong, in words.
 */
export interface Report extends Witness.Wrong {
  readonly _tag: "Report"
  readonly queries: ReadonlyArray<readonly [at: number, millis: number]>
  readonly promises: number
  readonly unanswered: number
  readonly failed: number
  readonly told: ReadonlyArray<string>
}

type ReadError = ViewAlias.ReadError | ViewStore.ReceiptTimeout | ViewStore.Quarantined

const empty = () => ({
  queries: [] as Array<readonly [number, number]>,
  promises: 0,
  unanswered: 0,
  failed: 0,
  vanished: 0,
  backwards: 0,
  lied: 0,
  told: [] as Array<string>
})

/** For ever; `every` is the pause between two queries, in milliseconds. There are no commands once it is quiet. */
export const run = (options: { readonly name: string; readonly every: number; readonly isQuiet: () => boolean }) =>
  Effect.gen(function* () {
    const { every, isQuiet, name } = options
    const served = yield* Served
    const append = yield* Feeder.appending
    const witness = Witness.make()
    let since = empty()
    const tell = Effect.sync(() => {
      Child.tell<Report>({ _tag: "Report", ...since })
      since = empty()
    })
    const wrong = (what: string) => {
      since.told.push(what)
      return tell
    }

    /** What was answered, if it was. */
    const answered = <A>(what: string, query: Effect.Effect<A, ReadError>): Effect.Effect<Option.Option<A>> =>
      Effect.flatMap(Effect.exit(query), (exit) => {
        if (Exit.isSuccess(exit)) return Effect.succeedSome(exit.value)
        if (Cause.isInterruptedOnly(exit.cause)) return Effect.interrupt
        if (Option.exists(Cause.failureOption(exit.cause), isOfFault)) since.unanswered += 1
        else {
          since.failed += 1
          return Effect.as(wrong(`${what}: ${Cause.pretty(exit.cause)}`), Option.none())
        }
        return Effect.succeedNone
      })

    const judged = <A>(
      key: string | undefined,
      query: Effect.Effect<A, ReadError>,
      answerOf: (answer: A) => Witness.Answer
    ) =>
      Effect.gen(function* () {
        const judge = witness.begin(key)
        const [at, from] = [Date.now(), performance.now()]
        const answer = yield* answered("a query", query)
        if (Option.isNone(answer)) return
        since.queries.push([at, performance.now() - from])
        const found = judge(answerOf(answer.value))
        since.vanished += found.vanished
        since.backwards += found.backwards
        since.lied += found.lied
        if (found.vanished + found.backwards + found.lied > 0) {
          yield* wrong(
            `${key ?? "all"}: ${found.vanished} rows vanished, ${found.backwards} went back, ${found.lied} lied`
          )
        }
      })

    const all = judged(undefined, served.find({}), (rows) => new Map(rows.map(({ key, last }) => [key, last])))
    const one = (key: string) =>
      judged(key, served.get(key), (row) =>
        Option.match(row, { onNone: () => new Map(), onSome: ({ version }) => new Map([[key, version]]) })
      )

    let sent = 0
    const command = Effect.gen(function* () {
      if (isQuiet()) return
      const key = `${name}/${sent++ % keys}`
      const sequence = yield* append(key)
      if (Option.isNone(sequence)) return
      const receipt = { key, sequence: sequence.value }
      if (Option.isNone(yield* answered("a receipt", served.awaitReceipt(receipt, patience)))) return
      since.promises += 1
      witness.promised(key, sequence.value)
      yield* one(key)
    })

    yield* Effect.all(
      [
        Effect.repeat(all, Schedule.spaced(every)),
        Effect.repeat(command, Schedule.spaced(commands)),
        Effect.repeat(tell, Schedule.spaced(telling))
      ],
      { concurrency: "unbounded", discard: true }
    )
  })
