/** What an operator has typed: the command's words, and its options. */
import { DateTime, Effect, Option } from "effect"
import { read, UsageError } from "../commandLine.js"

const text = { type: "string" } as const
const flag = { type: "boolean" } as const

const options = {
  after: text,
  since: text,
  key: text,
  from: text,
  to: text,
  fingerprint: text,
  position: text,
  time: text,
  patience: text,
  "dry-run": flag,
  unverified: flag,
  json: flag,
  yes: flag,
  help: { ...flag, short: "h" }
} as const

type Values = {
  readonly [O in keyof typeof options]?: (typeof options)[O]["type"] extends "boolean" ? boolean : string
}

/** The words without options, and the options. */
export interface Arguments {
  readonly words: ReadonlyArray<string>
  readonly values: Values
}

export const parse = (args: ReadonlyArray<string>): Effect.Effect<Arguments, UsageError> =>
  Effect.map(read(args, { allowPositionals: true, options }), ({ positionals, values }) => ({
    words: positionals,
    values
  }))

/** A whole number, from a least one on. */
export const integer = (what: string, given: string | undefined, least: number): Effect.Effect<number, UsageError> => {
  const value = Number(given)
  return given !== undefined && given !== "" && Number.isSafeInteger(value) && value >= least
    ? Effect.succeed(value)
    : new UsageError({ message: `${what} must be an integer from ${least} on, not ${JSON.stringify(given)}` })
}

/** A moment, as ISO 8601 writes it. */
export const moment = (what: string, given: string): Effect.Effect<DateTime.Utc, UsageError> =>
  Option.match(DateTime.make(given), {
    onNone: () => new UsageError({ message: `${what} must be a time such as 2026-03-01T12:00:00Z, not ${given}` }),
    onSome: (time) => Effect.succeed(DateTime.toUtc(time))
  })

/** One of the things of a name. */
export const named = <A extends { readonly name: string }>(
  what: string,
  all: ReadonlyArray<A>,
  name: string | undefined
): Effect.Effect<A, UsageError> => {
  const found = all.find((one) => one.name === name)
  const names = all.map((one) => one.name).join(", ")
  return found === undefined
    ? new UsageError({ message: `${what} is one of ${names}, not ${JSON.stringify(name)}` })
    : Effect.succeed(found)
}
