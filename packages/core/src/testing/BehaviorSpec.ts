/**
 * Given / when / then for what an entity decides, without a journal and without a host.
 *
 * `given` takes the history and either an entity with its handlers or a bare fold; `when` runs one command on the state
 * that the history makes. The outcome is a plain value, to be compared with `thenEvents`, `thenAnswer`,
 * `thenRejection`, or by hand.
 *
 * @example
 * ```ts
 * given(fold, placed).when(cancel, { reason: "ill" }).pipe(thenEvents(new BookingCancelled({ reason: "ill" })))
 *
 * yield* given(Booking, handlers).when("Cancel", { reason: "ill" }).pipe(Effect.map(thenRejection(new BookingNotFound())))
 * ```
 *
 * @since 0.1.0
 */
import type { Rpc } from "@effect/rpc"
import { addEqualityTesters, expect } from "@effect/vitest"
import { Cause, DateTime, Effect, Either, Exit, Option } from "effect"
import type { EventSourcedClass, Handlers, HandlersContext, Session } from "../EventSourced.js"
import * as Fold from "../Fold.js"

addEqualityTesters()

/**
 * What a command came to: the events that would be stored (none where it was rejected) and how its handler ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome<out A, out Rejection, out E> {
  readonly events: ReadonlyArray<E>
  readonly exit: Exit.Exit<A, Rejection>
}

/**
 * An entity with a history.
 *
 * @since 0.1.0
 * @category models
 */
export interface GivenEntity<Rpcs extends Rpc.Any, H, E> {
  /** Runs the handler of a command. The clock of the effect is the clock of the handler. */
  readonly when: <const Tag extends Rpcs["_tag"] & keyof H>(
    tag: Tag,
    command: Rpc.Payload<Rpc.ExtractTag<Rpcs, Tag>>
  ) => Effect.Effect<
    Outcome<Rpc.Success<Rpc.ExtractTag<Rpcs, Tag>>, Rpc.Error<Rpc.ExtractTag<Rpcs, Tag>>, E>,
    never,
    HandlersContext<Pick<H, Tag>>
  >
}

/**
 * A state with a history.
 *
 * @since 0.1.0
 * @category models
 */
export interface GivenState<S, E> {
  /** The state that the history makes. */
  readonly state: S
  /** Asks a pure decision; `now` is the epoch by default. */
  readonly when: <C, Rejection>(
    decision: (state: S, command: C, now: DateTime.Utc) => Either.Either<ReadonlyArray<E>, Rejection>,
    command: C,
    now?: DateTime.Utc
  ) => Either.Either<ReadonlyArray<E>, Rejection>
}

/**
 * The history that a command meets: of an entity, to run its handlers; or of a fold, to ask pure decisions.
 *
 * A history that the fold refuses is a defect: at once for a fold, of the effect for an entity.
 *
 * @since 0.1.0
 * @category constructors
 */
export function given<Self, Name extends string, Rpcs extends Rpc.Any, S, E, J, H extends Handlers<Rpcs, S, E>>(
  entity: EventSourcedClass<Self, Name, Rpcs, S, E, J>,
  handlers: H & Handlers<Rpcs, S, E>,
  ...history: ReadonlyArray<NoInfer<E>>
): GivenEntity<Rpcs, H, E>
export function given<S, E>(fold: Fold.Fold<S, E>, ...history: ReadonlyArray<NoInfer<E>>): GivenState<S, E>
export function given<S, E>(
  subject: Fold.Fold<S, E> | { readonly fold: Fold.Fold<S, E> },
  ...rest: ReadonlyArray<unknown>
): unknown {
  return "fold" in subject
    ? givenEntity(subject.fold, rest[0] as AnyHandlers<S, E>, rest.slice(1) as ReadonlyArray<E>)
    : givenState(subject, rest as ReadonlyArray<E>)
}

/** Handlers as `given` runs them: the overload knows their types, a choice by tag loses them. */
type AnyHandlers<S, E> = Readonly<
  Record<string, (command: unknown, session: Session<S, E>) => Effect.Effect<unknown, unknown>>
>

const givenState = <S, E>(fold: Fold.Fold<S, E>, history: ReadonlyArray<E>): GivenState<S, E> => {
  const state = Fold.run(fold, history)
  return { state, when: (decision, command, now = DateTime.unsafeMake(0)) => decision(state, command, now) }
}

const givenEntity = <S, E>(fold: Fold.Fold<S, E>, handlers: AnyHandlers<S, E>, history: ReadonlyArray<E>) => ({
  when: (tag: string, command: unknown): Effect.Effect<Outcome<unknown, unknown, E>> =>
    Effect.suspend(() => {
      let state = Fold.run(fold, history)
      const appended: Array<E> = []
      const session: Session<S, E> = {
        state: Effect.sync(() => state),
        sequence: Effect.sync(() => history.length + appended.length),
        append: (...events) =>
          Effect.sync(() => {
            state = Fold.run(fold, events, state)
            appended.push(...events)
          })
      }
      const handle = handlers[tag]
      if (handle === undefined) return Effect.dieMessage(`there is no handler for ${tag}`)
      return Effect.map(Effect.exit(handle(command, session)), (exit) => ({
        events: Exit.isSuccess(exit) ? appended : [],
        exit
      }))
    })
})

/** Both forms of a decision's result. */
type Decided<A, Rejection, E> = Outcome<A, Rejection, E> | Either.Either<ReadonlyArray<E>, Rejection>

/** Refuses at compile time an expectation that can never be met. */
type Meets<Expected, Actual> = [Expected] extends [Actual] ? unknown : never

const eventsOf = (decided: Decided<unknown, unknown, unknown>): ReadonlyArray<unknown> =>
  Either.isEither(decided) ? Either.getOrElse(decided, () => []) : decided.events

const rejectionOf = (decided: Decided<unknown, unknown, unknown>): Option.Option<unknown> => {
  if (Either.isEither(decided)) return Either.getLeft(decided)
  if (Exit.isSuccess(decided.exit)) return Option.none()
  const rejection = Cause.failureOption(decided.exit.cause)
  if (Option.isNone(rejection)) throw Cause.squash(decided.exit.cause)
  return rejection
}

/**
 * The command was accepted and exactly these events happened. A defect of the handler is thrown.
 *
 * @since 0.1.0
 * @category combinators
 */
export const thenEvents =
  <Expected = never>(...events: ReadonlyArray<Expected>) =>
  <E>(decided: Decided<unknown, unknown, E> & Meets<Expected, E>): void => {
    expect(rejectionOf(decided)).toEqual(Option.none())
    expect(eventsOf(decided)).toEqual(events)
  }

/**
 * The command was rejected with this error, and nothing happened.
 *
 * @since 0.1.0
 * @category combinators
 */
export const thenRejection =
  <Expected>(rejection: Expected) =>
  <Rejection>(decided: Decided<unknown, Rejection, unknown> & Meets<Expected, Rejection>): void => {
    expect(rejectionOf(decided)).toEqual(Option.some(rejection))
    expect(eventsOf(decided)).toEqual([])
  }

/**
 * The handler answered this. Says nothing of the events.
 *
 * @since 0.1.0
 * @category combinators
 */
export const thenAnswer =
  <Expected>(answer: Expected) =>
  <A>(outcome: Outcome<A, unknown, unknown> & Meets<Expected, A>): void => {
    expect(outcome.exit).toEqual(Exit.succeed(answer))
  }
