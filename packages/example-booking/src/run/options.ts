/**
 * The options of a program that is run on this machine, each said once: how it is written, what it means, and what it is
 * when nobody gives it. They are read and explained from that.
 */
import { Array as Arr, Effect, Record } from "effect"
import { read, UsageError } from "../commandLine.js"

/** One option. Without a `placeholder` it takes no value. */
export interface Option<A> {
  readonly placeholder?: string
  /** What it means, in the words of the usage. */
  readonly about: string
  /** Takes what was typed, if anything was. */
  readonly take: (name: string, given: string | boolean | undefined) => Effect.Effect<A, UsageError>
}

export type Options = Readonly<Record<string, Option<unknown>>>

/** What the options are for a person who has typed them. */
export type Values<O extends Options> = { readonly [N in keyof O]: Effect.Effect.Success<ReturnType<O[N]["take"]>> }

export interface Range {
  readonly min: number
  readonly max: number
}

/** An integer, or else what is usual. `usual` says what that is where it is no number. */
export const integer = <A extends number | undefined>(
  about: string,
  { max, min }: Range,
  otherwise: A,
  usual = String(otherwise)
): Option<number | A> => ({
  placeholder: "N",
  about: `${about}, ${min} to ${max} (${usual})`,
  take: (name, given) => {
    if (given === undefined) return Effect.succeed(otherwise)
    const value = Number(given)
    return given !== "" && Number.isInteger(value) && value >= min && value <= max
      ? Effect.succeed(value)
      : new UsageError({ message: `--${name} takes an integer of ${min} to ${max}, not "${given}"` })
  }
})

const flag = (about: string): Option<boolean> => ({
  about,
  take: (_, given) => Effect.succeed(given === true)
})

/** Nodes to start. */
export const nodes = (least: number, about = "nodes"): Option<number> => integer(about, { min: least, max: 8 }, 3)

export const keep = flag("leave the database's folder and the nodes' logs")

/** An address of HTTP, if any. */
export const url = (about: string): Option<string | undefined> => ({
  placeholder: "URL",
  about,
  take: (name, given) =>
    given === undefined || (typeof given === "string" && /^https?:$/.test(protocolOf(given)))
      ? Effect.succeed(given === undefined ? given : given.replace(/\/+$/, ""))
      : new UsageError({ message: `--${name} takes an address such as http://127.0.0.1:8080, not "${given}"` })
})

const protocolOf = (text: string): string => (URL.canParse(text) ? new URL(text).protocol : "")

/** Reads them; `undefined` where the person only asks what they are. */
export const parse = <O extends Options>(
  options: O,
  args: ReadonlyArray<string>
): Effect.Effect<Values<O> | undefined, UsageError> =>
  Effect.gen(function* () {
    const forms = Record.map(options, ({ placeholder }) => ({
      type: placeholder === undefined ? ("boolean" as const) : ("string" as const)
    }))
    const { values } = yield* read(args, { options: { ...forms, help: { type: "boolean", short: "h" } } })
    if (values.help === true) return undefined
    const taken = yield* Effect.all(Record.map(options, ({ take }, name) => take(name, given(values, name))))
    return typed<O>(taken)
  })

const given = (values: Readonly<Record<string, unknown>>, name: string): string | boolean | undefined => {
  const value = values[name]
  return typeof value === "string" || typeof value === "boolean" ? value : undefined
}

/** Each value was taken by the option of its name, which a record of them cannot say. */
const typed = <O extends Options>(values: Readonly<Record<string, unknown>>): Values<O> => values as Values<O>

/** What a person reads. `more` explains what is no option, by name. */
export const usage = (command: string, options: Options, more: Readonly<Record<string, string>> = {}): string => {
  const written = Record.toEntries(options).map(([name, { about, placeholder }]) => ({
    option: placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`,
    about
  }))
  const lines = [...written, ...Record.toEntries(more).map(([option, about]) => ({ option, about }))]
  const width = Math.max(...lines.map(({ option }) => option.length))
  return [
    [command, ...written.map(({ option }) => `[${option}]`)].join(" "),
    "",
    ...Arr.map(lines, ({ about, option }) => `  ${option.padEnd(width)}   ${about}`)
  ].join("\n")
}
