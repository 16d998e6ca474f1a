/**
 * One entity at work: load, decide, append, and again when another writer was faster or the journal's past was changed.
 * Both hosts run commands through it.
 *
 * State is cached between commands. It is put aside while an append is under way and taken up again when the append has
 * clearly succeeded, so a failure, a defect or a caller that goes away leaves none. What writes nothing (a rejection, a
 * no-op, a repeat) was decided on cached state; an append of zero events settles that it was the newest.
 */
import { Effect } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Metadata } from "../EntityEvent.js"
import type { Fold } from "../Fold.js"
import type { Journal } from "../Journal.js"
import type { InDoubt, JournalError, VersionConflict } from "../JournalError.js"
import type { Answer, Envelope, Run } from "../Registration.js"
import type { Loaded } from "./loaded.js"
import * as RecentCommands from "./recentCommands.js"
import { recover } from "./recovery.js"
import type { Snapshots } from "./snapshots.js"

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

/** How often a command is decided anew because another writer was faster, or because the past was changed. */
const retries = 5

type AppendError = VersionConflict | JournalError | InDoubt

/** A command that has decided on events: its id and tag, its encoded answer, and what its caller said beside it. */
interface Written {
  readonly id: string
  readonly tag: string
  readonly reply: string | undefined
  readonly metadata: Metadata
}

const metadataOf = ({ id, metadata, reply, tag }: Written): Metadata => ({
  ...metadata,
  ...RecentCommands.metadataOf(id, tag, reply)
})

export const make = <S, E>(options: {
  readonly entity: string
  readonly key: string
  readonly journal: Journal<E>
  readonly fold: Fold<S, E>
  readonly commands: ReadonlyMap<string, Command<S, E>>
  readonly snapshots: Snapshots<S> | undefined
}): Run => {
  const { entity, fold, journal, key, snapshots } = options
  let cached: Loaded<S> | undefined

  const load = Effect.map(recover(options), (loaded) => {
    cached = loaded
    return loaded
  })

  /**
   * Stores what was decided on `base`. What is known after it, the command with its answer included, is known in one step
   * with the journal's answer.
   */
  const append = (base: Loaded<S>, state: S, events: ReadonlyArray<E>, by?: Written) => {
    cached = undefined
    const metadata = by === undefined ? {} : metadataOf(by)
    return Effect.map(
      journal.append(key, base.sequence, events, { metadata, lastId: base.lastId }),
      ({ lastId = base.lastId, sequence }) => {
        if (by !== undefined) RecentCommands.record(base.recent, by.id, { tag: by.tag, sequence, reply: by.reply })
        cached = { state, sequence, lastId, recent: base.recent }
        return cached
      }
    )
  }

  const failed = (reason: CommandFailed["reason"], inDoubt: boolean, description: string) =>
    new CommandFailed({ entity, key, reason, inDoubt, description })

  /** One command under way. It fails with its own rejection or with `CommandFailed`. */
  const attempt = (
    command: Command<S, E>,
    tag: string,
    envelope: Envelope,
    left: number
  ): Effect.Effect<Answer, unknown> => {
    const { id, metadata } = envelope

    const again = (error: AppendError): Effect.Effect<Answer, unknown> => {
      if (error._tag === "InDoubt") return Effect.fail(failed("InDoubt", true, error.message))
      const changed = error._tag === "JournalError" && error.reason === "PastChanged"
      const next =
        left > 0 && (changed || error._tag === "VersionConflict")
          ? attempt(command, tag, envelope, left - 1)
          : Effect.fail(failed(changed || error._tag === "JournalError" ? "Journal" : "Conflict", false, error.message))
      return changed ? Effect.zipRight(logPastChanged(error), next) : next
    }

    /** What a command comes to that stores nothing. */
    const settled = (base: Loaded<S>, outcome: Effect.Effect<Answer, unknown>) =>
      command.cachedRead
        ? outcome
        : Effect.matchEffect(append(base, base.state, []), { onFailure: again, onSuccess: () => outcome })

    const repeated = (base: Loaded<S>, before: RecentCommands.Recorded) => {
      if (before.tag !== tag) {
        const description = `the command id ${JSON.stringify(id)} belongs to ${before.tag}, and came with ${tag}`
        return settled(base, Effect.fail(failed("CommandIdReused", false, description)))
      }
      const answer = Effect.map(command.decodeReply(before.reply), (value) => ({ value, sequence: before.sequence }))
      return settled(base, answer)
    }

    // an error is dear to make, and this one is seldom needed
    const passed = (base: Loaded<S>) =>
      settled(
        base,
        Effect.fail(failed("CommandPassed", false, `its source has gone beyond the command id ${JSON.stringify(id)}`))
      )

    const decide = (base: Loaded<S>) => {
      const before = RecentCommands.find(base.recent, id)
      if (before !== undefined) return repeated(base, before)
      if (RecentCommands.isPassed(base.recent, id)) return passed(base)
      let { state } = base
      const pending: Array<E> = []
      const session: Session<S, E> = {
        state: Effect.sync(() => state),
        sequence: Effect.sync(() => base.sequence + pending.length),
        append: (...events) =>
          Effect.sync(() => {
            for (const event of events) {
              state = fold.reduce(state, event)
              pending.push(event)
            }
          })
      }
      return Effect.matchEffect(command.handle(envelope.command, session), {
        onFailure: (rejection) => settled(base, Effect.fail(rejection)),
        onSuccess: (value) =>
          pending.length === 0
            ? settled(base, Effect.succeed({ value, sequence: base.sequence }))
            : Effect.flatMap(command.encodeReply(value), (reply) =>
                Effect.matchEffect(append(base, state, pending, { id, tag, reply, metadata }), {
                  onFailure: again,
                  onSuccess: (loaded) => {
                    const answer: Answer = { value, sequence: loaded.sequence }
                    return snapshots?.isDue(base.sequence, loaded.sequence) === true
                      ? Effect.as(snapshots.save(key, loaded), answer)
                      : Effect.succeed(answer)
                  }
                })
              )
      })
    }

    return Effect.suspend(() =>
      cached === undefined ? Effect.matchEffect(load, { onFailure: again, onSuccess: decide }) : decide(cached)
    )
  }

  const logPastChanged = (error: AppendError) =>
    Effect.logError(
      `${entity} ${JSON.stringify(key)}: what the journal had acknowledged is gone (${error.message}); it is read again`
    )

  return (tag, envelope) => {
    const command = options.commands.get(tag)
    return command === undefined
      ? Effect.dieMessage(`${entity} has no command ${tag}`)
      : attempt(command, tag, envelope, retries)
  }
}
