/** What a command of the operator is: how it is typed, what it asks before, what it does. */
import type { Effect } from "effect"
import type { Arguments } from "./Arguments.js"
import type { Bar } from "./Terminal.js"

/** What a command answers, and whether all is as it should be. */
export interface Answer {
  readonly value: unknown
  readonly isRight: boolean
}

/** An answer that is right whatever it says. */
export const told = (value: unknown): Answer => ({ value, isRight: true })

export interface Command<E, R> {
  /** The words that it is called by. */
  readonly name: string
  readonly usage: string
  readonly does: string
  /** What is asked before, where it changes what queries see or what runs. */
  readonly asks?: (args: Arguments) => string | undefined
  /** `words` are those behind the name. */
  readonly run: (args: Arguments, bar: Bar) => Effect.Effect<Answer, E, R>
}
