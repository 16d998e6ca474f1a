/**
 * Projections that write to Postgres in SQL of their own: any tables, any statements, in the transaction that moves the
 * offset.
 *
 * Guarantees: of each page of events either all that `write` has stored is there and the offset is moved, or nothing of
 * it; under the process's fence, from the offset that was read. So every event counts exactly once, whatever crashes or is
 * taken over. Not guaranteed: anything about what `write` does outside the transaction.
 *
 * @since 0.1.0
 */
import { type EntityEvent, type Journal, OffsetStore, ProcessContext } from "@aecor/core"
import { Committable, type FailurePolicy, type Projection } from "@aecor/projection"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Data, Effect, Predicate, Stream } from "effect"
import * as offsetSql from "./internal/offsetSql.js"
import { detail, sqlState } from "./internal/sqlState.js"
import { transaction } from "./internal/transaction.js"

/**
 * A page could not be written; nothing of it was stored, or its answer was lost. `from` and `to` are the positions of its
 * first and its last event.
 *
 * @since 0.1.0
 * @category errors
 */
export class PageFailed extends Data.TaggedError("PageFailed")<{
  readonly projection: string
  readonly from: number
  readonly to: number
  readonly cause: unknown
}> {
  override get message(): string {
    const { cause, from, projection, to } = this
    const reason = Predicate.isError(cause) ? cause.message : String(cause)
    return `projection ${projection}: the events from position ${from} to ${to} were not written: ${reason}`
  }
}

/**
 * A projection whose events are written by `write`, a page at a time (`pageSize`, 1,000 by default), within one transaction
 * a page: statements of the `PgClient` in its context belong to it. The page holds each event once, in order, whatever was
 * delivered how often; where a row's events have to follow each other, that is for `write` to see.
 *
 * Where `write` fails, or the database does, the process ends with `PageFailed`, and begins again with the page: a page has
 * no single key to be set aside, so `FailurePolicy.quarantine` is refused, by the compiler and with a `RangeError`. Who
 * wants to pass over an event does it in `write`, with a savepoint. It has to be short: a new run waits half a second for
 * the transaction, then ends it, and the server ends one that idles for 2 seconds.
 *
 * The offset is in the table of `PgOffsetStore.migrations`. Throws a `RangeError` when `pageSize` is not a positive integer.
 *
 * @example
 * ```ts
 * const revenue = PgProjection.exactlyOnce("Revenue", { journal: BookingJournal, write: (page) => insertAll(page) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const exactlyOnce = <JS, E, X, R>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly write: (events: ReadonlyArray<EntityEvent.EntityEvent<NoInfer<E>>>) => Effect.Effect<void, X, R>
    readonly onFailure?: FailurePolicy.Halt
    readonly pageSize?: number
  }
): Projection.Projection<
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | PgClient.PgClient | R,
  OffsetStore.OffsetStore,
  OffsetStore.OffsetStore
> =>
  Committable.consume(name, {
    ...options,
    consume: Stream.mapEffect(({ step, value }) =>
      Effect.gen(function* () {
        const client = yield* PgClient.PgClient
        const parameters = [...offsetSql.commitParameters(step)]
        const move = client.unsafe(`SELECT ${offsetSql.commitCall}`, parameters).withoutTransform
        const written = transaction(client)(
          Effect.zipRight(
            Effect.mapError(move, refusal(step)),
            Effect.mapError(options.write(value), failedIn(name, value))
          )
        )
        yield* Effect.catchTag(written, "SqlError", (cause) => Effect.fail(failedIn(name, value)(cause)))
      }).pipe(Effect.withSpan("PgProjection.write", { attributes: { projection: name } }))
    )
  })

const failedIn =
  (projection: string, events: ReadonlyArray<{ readonly position: number }>) =>
  (cause: unknown): PageFailed =>
    new PageFailed({ projection, from: events[0]?.position ?? 0, to: events.at(-1)?.position ?? 0, cause })

/** What a refused offset means; other errors of the database stay as they are. */
const refusal =
  ({ consumer, expected, fence }: OffsetStore.Commit) =>
  (cause: SqlError): ProcessContext.Fenced | OffsetStore.OffsetConflict | SqlError => {
    const state = sqlState(cause)
    if (state === offsetSql.notNewest) return ProcessContext.fenced(fence)
    if (state !== offsetSql.notExpected) return cause
    return new OffsetStore.OffsetConflict({ consumer, expected, actual: Number(detail(cause) ?? 0) })
  }
