/**
 * How the runners of a cluster reach each other's processes: the port between distributed processing and whatever
 * carries its messages. On an @effect/cluster that is `processEntity`.
 */
import { Context, Duration, Effect, type Option, type Scope } from "effect"
import type { ProcessId } from "../Lease.js"
import type { Unfenced } from "./abandonedRuns.js"

/** What a runner does with the messages that reach it. */
interface Receiver {
  /** Lasts as long as the process lives. */
  readonly run: (process: ProcessId) => Effect.Effect<void>
  /** Answers after the finalizers; fails where what did not stop may still write. */
  readonly stop: (process: ProcessId) => Effect.Effect<void, Unfenced>
  /** Whether the process, in this generation, waits here for its turn to be claimed. */
  readonly holds: (process: ProcessId) => Effect.Effect<boolean>
}

/** How a message failed: the senders only ask whether it was answered. */
type Unanswered = unknown

/**
 * A message to a runner that cannot be reached may be tried without end, so every sender sets itself a limit.
 *
 * - `run` answers when the message is kept: it is delivered at least once, later if the runner is away;
 * - `stop` is lost if the runner is away, and answers when the process has stopped there;
 * - `holds` asks whether the runner has yet to claim what it was sent, and is lost as `stop` is;
 * - `ping` only shows that the runner answers.
 */
export interface Messages {
  /** The name of this runner; none on a node that only calls. */
  readonly self: Option.Option<string>
  readonly run: (process: ProcessId, runner: string) => Effect.Effect<void, Unanswered>
  readonly stop: (process: ProcessId, runner: string) => Effect.Effect<void, Unanswered>
  readonly holds: (process: ProcessId, runner: string) => Effect.Effect<boolean, Unanswered>
  readonly ping: (runner: string) => Effect.Effect<void, Unanswered>
  /** Takes the messages to this runner until the scope closes. */
  readonly serve: (receiver: Receiver) => Effect.Effect<void, never, Scope.Scope>
}

export class ProcessMessages extends Context.Tag("@aecor/core/ProcessMessages")<ProcessMessages, Messages>() {}

/** The messages as they are sent: nothing waits for ever. */
export const client = (messages: Messages) => ({
  run: (process: ProcessId, runner: string) => Effect.timeout(messages.run(process, runner), Duration.seconds(5)),
  stop: (process: ProcessId, runner: string, timeout: Duration.Duration) =>
    Effect.timeout(messages.stop(process, runner), timeout),
  holds: (process: ProcessId, runner: string) => Effect.timeout(messages.holds(process, runner), Duration.seconds(2)),
  ping: (runner: string) => Effect.timeout(messages.ping(runner), Duration.seconds(1))
})

export type Client = ReturnType<typeof client>
