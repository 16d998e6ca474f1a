/**
 * A recipe for a long-lasting computation that a host keeps running: an Effect that starts a `RunningProcess`.
 *
 * A host runs each start in a scope of its own and closes it after the end. A process is started again when its start
 * fails, when it fails and when it completes.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, Stream } from "effect"
import * as RunningProcess from "./RunningProcess.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Process<out E = never, out R = never> extends Effect.Effect<
  RunningProcess.RunningProcess,
  E,
  R | Scope.Scope
> {}

/**
 * A process that runs an effect in a fiber of its own. Shutdown interrupts the effect and waits for its finalizers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEffect = <A, E, R>(effect: Effect.Effect<A, E, R>): Process<never, Exclude<R, Scope.Scope>> =>
  Effect.map(Effect.forkScoped(Effect.scoped(effect)), RunningProcess.fromFiber)

/**
 * A process that runs a stream for its effects. Shutdown interrupts it between or within elements.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <A, E, R>(stream: Stream.Stream<A, E, R>): Process<never, Exclude<R, Scope.Scope>> =>
  fromEffect(Stream.runDrain(stream))
