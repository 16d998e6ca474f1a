/** What can go wrong in a simulation, and schedules of it drawn from a seed. */
import { Duration } from "effect"
import type { Draw } from "./draw.js"

/** How a connection is cut: calls are refused at once, or nobody answers. */
export type Cut = "refused" | "silent"

/** `at` counts from the beginning of the simulation; a number is milliseconds. */
export type Fault = { readonly at: Duration.DurationInput } & (
  | { readonly _tag: "Kill" | "Leave"; readonly runner: string; readonly returnsAfter?: Duration.DurationInput }
  | { readonly _tag: "Join"; readonly runner: string }
  | {
      readonly _tag: "Freeze" | "CutFromPeers" | "TroubledStore" | "TroubledPeers"
      readonly runner: string
      readonly lasts: Duration.DurationInput
    }
  | {
      readonly _tag: "CutFromStore"
      readonly runner: string
      readonly lasts: Duration.DurationInput
      readonly how: Cut
    }
  | {
      readonly _tag: "CutPair"
      readonly runner: string
      readonly other: string
      readonly lasts: Duration.DurationInput
    }
  | { readonly _tag: "Outage"; readonly lasts: Duration.DurationInput; readonly how: Cut }
  | { readonly _tag: "ClockStep"; readonly by: Duration.DurationInput; readonly back: boolean }
  | {
      readonly _tag: "RunnerClockStep"
      readonly runner: string
      readonly by: Duration.DurationInput
      readonly back: boolean
    }
  | { readonly _tag: "SwitchOff" | "StopOne" | "MoveOne" | "Hold"; readonly lasts: Duration.DurationInput }
  | { readonly _tag: "RestartOne" }
)

export type Kind = Fault["_tag"]

/** What a schedule is drawn for. */
interface Frame {
  readonly runners: ReadonlyArray<string>
  /** How long the simulation is. */
  readonly duration: Duration.Duration
}

/** A schedule, drawn from the seed of a simulation. */
export type Schedule = (draw: Draw, frame: Frame) => ReadonlyArray<Fault>

export const kinds: ReadonlyArray<Kind> = [
  "Kill",
  "Leave",
  "Join",
  "Freeze",
  "CutFromPeers",
  "CutPair",
  "CutFromStore",
  "TroubledStore",
  "TroubledPeers",
  "Outage",
  "ClockStep",
  "RunnerClockStep",
  "SwitchOff",
  "StopOne",
  "RestartOne",
  "MoveOne",
  "Hold"
]

const one = (kind: Kind, at: number, draw: Draw, names: Names): Fault => {
  const runner = draw.pick(names.all()) ?? names.next()
  const how = draw.chance(0.5) ? "refused" : "silent"
  switch (kind) {
    case "Kill":
    case "Leave":
      return { _tag: kind, at, runner, ...(draw.chance(0.8) ? { returnsAfter: draw.between(100, 15_000) } : {}) }
    case "Join":
      return { _tag: kind, at, runner: names.next() }
    case "Freeze":
    case "CutFromPeers":
    case "TroubledStore":
    case "TroubledPeers":
      return { _tag: kind, at, runner, lasts: draw.between(200, 20_000) }
    case "CutPair":
      return { _tag: kind, at, runner, other: draw.pick(names.all()) ?? runner, lasts: draw.between(200, 20_000) }
    case "CutFromStore":
      return { _tag: kind, at, runner, lasts: draw.between(200, 20_000), how }
    case "Outage":
      return { _tag: kind, at, lasts: draw.between(200, 15_000), how }
    case "ClockStep":
      return { _tag: kind, at, by: draw.between(100, 60_000), back: draw.chance(0.6) }
    case "RunnerClockStep":
      return { _tag: kind, at, runner, by: draw.between(100, 60_000), back: draw.chance(0.6) }
    case "SwitchOff":
    case "StopOne":
    case "MoveOne":
    case "Hold":
      return { _tag: kind, at, lasts: draw.between(1000, 15_000) }
    case "RestartOne":
      return { _tag: kind, at }
  }
}

interface Names {
  readonly all: () => ReadonlyArray<string>
  readonly next: () => string
}

const namesOf = (runners: ReadonlyArray<string>): Names => {
  const all = [...runners]
  return {
    all: () => all,
    next: () => {
      const name = runnerName(all.length)
      all.push(name)
      return name
    }
  }
}

/** The n-th runner of a simulation, from 0. */
export const runnerName = (n: number): string => `runner-${n + 1}`

export const storm =
  (options: {
    readonly from: Duration.DurationInput
    readonly until: Duration.DurationInput
    readonly every: Duration.DurationInput
    readonly kinds: ReadonlyArray<Kind>
  }): Schedule =>
  (draw, frame) => {
    const names = namesOf(frame.runners)
    const until = Duration.toMillis(options.until)
    const every = Duration.toMillis(options.every)
    const faults: Array<Fault> = []
    for (let at = Duration.toMillis(options.from); at < until; at += draw.between(1, 2 * every)) {
      const fault = one(draw.pick(options.kinds) ?? "Kill", at, draw, names)
      faults.push("lasts" in fault ? { ...fault, lasts: Math.min(Number(fault.lasts), until - at) } : fault)
    }
    return faults
  }

export const single =
  (options: { readonly at: Duration.DurationInput; readonly kinds: ReadonlyArray<Kind> }): Schedule =>
  (draw, frame) => [
    one(draw.pick(options.kinds) ?? "Kill", Duration.toMillis(options.at), draw, namesOf(frame.runners))
  ]

/** What is wished by somebody, in good order. */
export const isWish = ({ _tag }: Fault): boolean =>
  ["SwitchOff", "StopOne", "RestartOne", "MoveOne", "Hold"].includes(_tag)

/** Whether a fault concerns one runner alone, or the number of them, or where processes belong. */
export const concernsRunner = (fault: Fault): boolean =>
  fault._tag === "MoveOne" || !(isWish(fault) || fault._tag === "Outage" || fault._tag === "ClockStep")

const sentence = (fault: Fault): string => {
  switch (fault._tag) {
    case "Kill":
      return `${fault.runner} is killed`
    case "Leave":
      return `${fault.runner} leaves`
    case "Join":
      return `${fault.runner} joins`
    case "Freeze":
      return `${fault.runner} is frozen`
    case "CutFromPeers":
      return `${fault.runner} is cut off from the other runners`
    case "CutPair":
      return `${fault.runner} and ${fault.other} are cut off from each other`
    case "TroubledStore":
      return `${fault.runner} has a bad connection to the store`
    case "TroubledPeers":
      return `${fault.runner} has a bad connection to the other runners`
    case "CutFromStore":
      return `${fault.runner} is cut off from the store (${fault.how})`
    case "Outage":
      return `the store is down (${fault.how})`
    case "ClockStep":
      return `the store's clock steps ${fault.back ? "back" : "on"} by ${Duration.format(fault.by)}`
    case "RunnerClockStep":
      return `the clock of ${fault.runner} steps ${fault.back ? "back" : "on"} by ${Duration.format(fault.by)}`
    case "SwitchOff":
      return "the kill switch"
    case "StopOne":
      return "one process is stopped"
    case "RestartOne":
      return "one process is started anew"
    case "MoveOne":
      return "one process is moved, and pinned"
    case "Hold":
      return "a deployment stands still while something is done to it"
  }
}

/** What goes wrong, and for how long. */
export const describe = (fault: Fault): string =>
  "lasts" in fault ? `${sentence(fault)}, for ${Duration.format(fault.lasts)}` : sentence(fault)
