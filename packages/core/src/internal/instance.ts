/**
 * One entity at work: load, decide, append, and again on a conflict. Both hosts run commands through it.
 *
 * State is cached between commands and dropped whenever an append did not clearly succeed. A decision that writes
 * nothing (a rejection, a no-op) was taken on cached state; an append of zero events settles that it was the newest.
 */
import { Effect, Either, Stream } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Fold } from "../Fold.js"
import type { Journal } from "../Journal.js"
import type { InDoubt, JournalError, VersionConflict } from "../JournalError.js"
import type { Answer, Run } from "../Registration.js"
import * as RecentCommands from "./recentCommands.js"

/** What a handler sees of its entity while it decides. */
export interface Session<S, E> {
  readonly state: Effect.Effect<S>
  readonly sequence: Effect.Effect<number>
  readonly append: (...events: ReadonlyArray<E>) => Effect.Effect<void>
}

/** How one command runs: its handler, how its answer is stored, and whether cached state is good enough for it. */
export interface Command<S, E> {
  readonly handle: (command: unknown, session: Session<S, E>) => Effect.Effect<unknown, unknown>
  readonly encodeReply: (value: unknown) => Effect.Effect<string | undefined>
  readonly decodeReply: (stored: string | undefined) => Effect.Effect<unknown>
  readonly cachedRead: boolean
}

/** A typed error of the handler, kept apart from the journal's. */
interface Rejected {
  readonly _tag: "Rejected"
  readonly error: unknown
}

interface Loaded<S> {
  readonly state: S
  readonly sequence: number
}

/** How often a command is decided anew because another writer was faster. */
const conflictRetries = 5

export const make = <S, E>(options: {
  readonly entity: string
  readonly key: string
  readonly journal: Journal<E>
  readonly fold: Fold<S, E>
  readonly commands: ReadonlyMap<string, Command<S, E>>
}): Run => {
  const { fold, journal, key } = options
  let recent: RecentCommands.RecentCommands = new Map()
  let cached: Loaded<S> | undefined

  const load = Effect.suspend(() => {
    if (cached !== undefined) return Effect.succeed(cached)
    const found: RecentCommands.RecentCommands = new Map()
    return journal.read(key, 1).pipe(
      Stream.runFold({ state: fold.initial, sequence: 0 }, (loaded: Loaded<S>, event) => {
        RecentCommands.recordEvent(found, event)
        return { state: fold.reduce(loaded.state, event.event), sequence: event.sequence }
      }),
      Effect.tap((loaded) =>
        Effect.sync(() => {
          cached = loaded
          recent = found
        })
      )
    )
  })

  /** Takes the step over exactly when the journal has taken it, even if the caller goes away at that moment. */
  const append = (base: Loaded<S>, next: Loaded<S>, events: ReadonlyArray<E>, id: string, reply: string | undefined) =>
    journal.append(key, base.sequence, events, { metadata: RecentCommands.metadataOf(id, reply) }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          cached = exit._tag === "Success" ? next : undefined
          if (exit._tag === "Success" && events.length > 0) {
            RecentCommands.record(recent, id, { sequence: next.sequence, reply })
          }
        })
      )
    )

  const decide = Effect.fnUntraced(function* (command: Command<S, E>, id: string, payload: unknown) {
    const base = yield* load
    const before = recent.get(id)
    if (before !== undefined) {
      return Either.right<Answer>({ value: yield* command.decodeReply(before.reply), sequence: before.sequence })
    }
    let now = base
    const pending: Array<E> = []
    const session: Session<S, E> = {
      state: Effect.sync(() => now.state),
      sequence: Effect.sync(() => now.sequence),
      append: (...events) =>
        Effect.sync(() => {
          for (const event of events) {
            now = { state: fold.reduce(now.state, event), sequence: now.sequence + 1 }
            pending.push(event)
          }
        })
    }
    const outcome = yield* Effect.either(command.handle(payload, session))
    if (Either.isLeft(outcome) || pending.length === 0) {
      if (!command.cachedRead) yield* append(base, base, [], id, undefined)
      return Either.mapBoth(outcome, {
        onLeft: (error): Rejected => ({ _tag: "Rejected", error }),
        onRight: (value): Answer => ({ value, sequence: base.sequence })
      })
    }
    const reply = yield* command.encodeReply(outcome.right)
    yield* append(base, now, pending, id, reply)
    return Either.right<Answer>({ value: outcome.right, sequence: now.sequence })
  })

  const failed = (error: VersionConflict | JournalError | InDoubt): CommandFailed =>
    new CommandFailed({
      entity: options.entity,
      key,
      reason: error._tag === "VersionConflict" ? "Conflict" : error._tag === "InDoubt" ? "InDoubt" : "Journal",
      inDoubt: error._tag === "InDoubt",
      description: error.message
    })

  return (tag, envelope) =>
    Effect.gen(function* () {
      const command = options.commands.get(tag)
      if (command === undefined) return yield* Effect.dieMessage(`${options.entity} has no command ${tag}`)
      const decided = yield* decide(command, envelope.id, envelope.command).pipe(
        Effect.retry({ while: (error) => error._tag === "VersionConflict", times: conflictRetries }),
        Effect.mapError(failed)
      )
      return yield* Either.mapLeft(decided, (rejected) => rejected.error)
    })
}
