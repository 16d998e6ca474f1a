/**
 * Sends batches of appends to the table's function, and finds out what became of them.
 *
 * A connection that dies between sending and answering leaves a batch in doubt: the server may have stored it, or may
 * still be waiting for the lock to do so. Looking would prove nothing; the batch is sent again, unchanged, and the
 * function recognises by the first event's id what it has stored before. After `patience` an append that may have been
 * stored ends as `InDoubt`, and only one that was certainly not as `JournalError`.
 */
import { type Journal, JournalError } from "@aecor/core"
import { Clock, Duration, Effect, Exit } from "effect"
import type { Answer, Append, Call, Failed, Result } from "./appendCall.js"
import { reasonOf } from "./sqlState.js"

export type AppendError = JournalError.VersionConflict | JournalError.JournalError | JournalError.InDoubt
type Outcome = Exit.Exit<Journal.Appended, AppendError>

/** The wait before the nth repetition, in milliseconds. */
const backoff = (repetition: number): number => Math.min(1000, 25 * 2 ** repetition)

export const make = (options: {
  readonly journal: string
  readonly call: Call
  readonly patience: Duration.Duration
}) => {
  const { call, journal } = options
  const inDoubt = ({ expected, key }: Append, cause?: unknown) =>
    new JournalError.InDoubt({ journal, key, expected, cause })

  const answered =
    (doubt: boolean) =>
    (append: Append, [outcome, head, lastPosition]: Answer): Outcome => {
      const { events, expected, key, lastId } = append
      const actual = Number(head)
      if (outcome === "stored") {
        return Exit.succeed({
          sequence: expected + events.length,
          position: Number(lastPosition ?? 0),
          lastId: events.at(-1)?.id
        })
      }
      if (outcome === "changed") {
        const description = `event ${expected} of key ${JSON.stringify(key)} is no longer the one with the id ${lastId}`
        return Exit.fail(new JournalError.JournalError({ journal, reason: "PastChanged", description }))
      }
      // an earlier sending that still waits for the lock would be stored once the head has come up to it
      if (doubt && events.length > 0 && actual < expected) return Exit.fail(inDoubt(append))
      return Exit.fail(new JournalError.VersionConflict({ key, expected, actual }))
    }

  const failed =
    ({ cause, meaning }: Failed, doubt: boolean) =>
    (append: Append): Outcome => {
      if (doubt && meaning !== "Data" && append.events.length > 0) return Exit.fail(inDoubt(append, cause))
      const reason = meaning === "Data" ? "Unencodable" : "Unavailable"
      const description = `the append at ${append.expected} of key ${JSON.stringify(append.key)} was not stored: ${reasonOf(cause)}`
      return Exit.fail(new JournalError.JournalError({ journal, reason, description, cause }))
    }

  /** Sends a batch until it is answered, refused, or the deadline is over. */
  const settle: (
    batch: ReadonlyArray<Append>,
    deadline: number,
    maybeStored: boolean
  ) => Effect.Effect<ReadonlyArray<Outcome>> = Effect.fnUntraced(function* (batch, deadline, maybeStored) {
    let doubt = maybeStored
    for (let repetition = 0; ; repetition++) {
      const result: Result = yield* repetition === 0 && !maybeStored ? call.first(batch) : call.batch(batch)
      if (result._tag === "Answered") {
        const outcome = answered(doubt)
        return batch.map((append, i) => outcome(append, result.answers[i] ?? unanswered))
      }
      doubt = doubt || result.meaning === "Lost"
      // one bad member fails the statement: each is sent alone then
      if (result.meaning === "Data" && batch.length > 1) {
        const alone = yield* Effect.forEach(batch, (append) => settle([append], deadline, doubt))
        return alone.flat()
      }
      const final = result.meaning === "Data" || result.meaning === "Refused"
      if (final || (yield* Clock.currentTimeMillis) >= deadline) return batch.map(failed(result, doubt))
      yield* Effect.logDebug(`${journal}: a batch is sent again (${result.meaning})`, result.cause)
      yield* Effect.sleep(backoff(repetition))
    }
  })

  return (batch: ReadonlyArray<Append>, since: number) =>
    settle(batch, since + Duration.toMillis(options.patience), false)
}

/** The function answers with a row an append; this stands for one that is not there. */
const unanswered: Answer = ["conflict", "0", null]
