/**
 * What a process manager decides and sends: the models of `ProcessManager`, and the schema of its rows.
 *
 * @since 0.1.0
 */
import type { CommandFailed, EventSourced } from "@aecor/core"
import { type Effect, type Either, Schema } from "effect"

/**
 * What a command came to: what it answered, or the rejection. What nobody answered is neither.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome<A, X> = Either.Either<A, Exclude<X, CommandFailed.CommandFailed>>

/**
 * Sends a command because of an event. `step` names it among the commands of one event, and must be the same when the
 * event comes again. Hand the options on as they are.
 *
 * Asks again while nobody answers, for 10 seconds; then it fails with what was said last. Where the event has been
 * reacted to wholly before (a copy that was frozen wakes), the reaction ends here.
 *
 * @example
 * ```ts
 * const outcome = yield* send("Confirm", (options) => booking(event.key).Confirm({ … }, options))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Send = <A, X, R>(
  step: string,
  command: (options: EventSourced.SendOptions) => Effect.Effect<A, X, R>
) => Effect.Effect<Outcome<A, X>, CommandFailed.CommandFailed, R>

/**
 * What a reaction comes to: the new state, and the commands to send, in order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reaction<out S, out C> {
  readonly state: S
  readonly commands: ReadonlyArray<C>
}

/**
 * A reaction: the new state, and the commands that it leads to, none mostly.
 *
 * @since 0.1.0
 * @category constructors
 */
export const next = <const S, const C = never>(state: S, ...commands: ReadonlyArray<C>): Reaction<S, C> => ({
  state,
  commands
})

/**
 * The row of a key: its state; of the last event, its sequence, the commands that are still to be sent, and how many have
 * been sent and settled.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row<out S, out C> {
  readonly state: S
  readonly pending: ReadonlyArray<C>
  readonly sequence: number
  readonly sent: number
}

/**
 * The schema of the rows of a manager, for the class of its store. A table needs the columns `state` and `pending`
 * (`jsonb`), `sequence` and `sent` (`integer`), beside the key and the version.
 *
 * @example
 * ```ts
 * class Orders extends ViewStore.Tag<Orders>()("orders", { row: ProcessManager.row(OrderState, OrderCommand) }) {}
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const row = <S, SI, C, CI>(
  state: Schema.Schema<S, SI>,
  command: Schema.Schema<C, CI>
): Schema.Schema<
  Row<S, C>,
  {
    readonly state: SI
    readonly pending: ReadonlyArray<CI>
    readonly sequence: number
    readonly sent: number
  }
> => Schema.Struct({ state, pending: Schema.Array(command), sequence: Schema.Int, sent: Schema.NonNegativeInt })
