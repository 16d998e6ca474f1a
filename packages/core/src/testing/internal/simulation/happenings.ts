/** What happens in a simulation, as it is recorded, and how it reads. */
import type { Settings } from "../../../internal/deploymentSettings.js"
import type { Fault } from "./faults.js"
import * as Faults from "./faults.js"

/** Which process. */
export interface Which {
  readonly deployment: string
  readonly index: number
}

/** A run of a process: the epoch it has, and where. */
export interface Run extends Which {
  readonly epoch: number
  readonly runner: string
}

export type Happening =
  | { readonly _tag: "FaultBegan" | "FaultEnded"; readonly fault: Fault }
  | { readonly _tag: "RunnerStarted" | "RunnerGone"; readonly runner: string }
  /** The store gave a new epoch; `owner` had the process before and did not give it up, `silentFor` milliseconds ago. */
  | {
      readonly _tag: "Claimed"
      readonly run: Run
      readonly owner: string | undefined
      readonly silentFor: number
    }
  | { readonly _tag: "Revoked"; readonly which: Which }
  | { readonly _tag: "Placed"; readonly which: Which; readonly from: string | undefined; readonly to: string }
  | { readonly _tag: "Coordinated"; readonly deployment: string; readonly runner: string }
  | { readonly _tag: "Known"; readonly deployment: string; readonly processes: number; readonly settings: Settings }
  /** Of all processes of a deployment, or of one. */
  | {
      readonly _tag: "Wished"
      readonly deployment: string
      readonly index?: number | undefined
      readonly desired: boolean
      /** It is to stand still for something that is done to it. */
      readonly held?: boolean
    }
  | {
      readonly _tag: "SwitchedOff"
      readonly deployment: string
      readonly index?: number | undefined
      readonly asked: number
    }
  /** A wish is said to be done: the process runs in a newer epoch than before, or on a runner. */
  | { readonly _tag: "Renewed"; readonly which: Which; readonly before: number }
  | { readonly _tag: "Moved"; readonly which: Which; readonly to: string }
  /** What may only be done while nothing of a deployment writes begins, and has ended. */
  | { readonly _tag: "HeldStill" | "LetGo"; readonly deployment: string }
  /** A run has begun, is asked to stop, and has stopped with all its finalizers: seen at once, whoever may write. */
  | { readonly _tag: "Began" | "Stopping" | "Ended"; readonly run: Run }
  /** A fenced write took effect, or was refused. */
  | { readonly _tag: "Wrote" | "Refused"; readonly run: Run }
  | { readonly _tag: "Said"; readonly runner: string; readonly message: string }

/** Something that happened, and when: in milliseconds since the simulation began. */
export type Moment = Happening & { readonly at: number }

/** The time as it is shown. */
export const seconds = (at: number): string => `${(at / 1000).toFixed(3)} s`

export const nameOf = ({ deployment, index }: Which): string => `${deployment}[${index}]`
const partOf = ({ deployment, index }: { readonly deployment: string; readonly index?: number | undefined }): string =>
  index === undefined ? deployment : nameOf({ deployment, index })
export const runText = (run: Run): string => `${nameOf(run)} epoch ${run.epoch} on ${run.runner}`

const textOf = (moment: Moment): string => {
  switch (moment._tag) {
    case "FaultBegan":
      return `fault: ${Faults.describe(moment.fault)}`
    case "FaultEnded":
      return `over: ${Faults.describe(moment.fault)}`
    case "RunnerStarted":
      return `runner ${moment.runner} starts`
    case "RunnerGone":
      return `runner ${moment.runner} is gone`
    case "Claimed":
      return `${runText(moment.run)} is claimed${
        moment.owner === undefined ? "" : ` from ${moment.owner}, silent for ${seconds(moment.silentFor)}`
      }`
    case "Revoked":
      return `${nameOf(moment.which)} is revoked`
    case "Placed":
      return `${nameOf(moment.which)} is placed on ${moment.to}${
        moment.from === undefined || moment.from === moment.to ? "" : `, from ${moment.from}`
      }`
    case "Coordinated":
      return `${moment.runner} coordinates ${moment.deployment}`
    case "Known":
      return `${moment.deployment} has ${moment.processes} processes`
    case "Wished":
      return `${partOf(moment)} is wished ${moment.desired ? "running" : "stopped"}`
    case "SwitchedOff":
      return `${partOf(moment)} is said to have stopped, asked at ${seconds(moment.asked)}`
    case "Renewed":
      return `${nameOf(moment.which)} is said to run anew, after epoch ${moment.before}`
    case "Moved":
      return `${nameOf(moment.which)} is said to run on ${moment.to}`
    case "HeldStill":
      return `${moment.deployment} stands still, and something is done to it`
    case "LetGo":
      return `${moment.deployment} is to go on`
    case "Began":
      return `${runText(moment.run)} begins`
    case "Stopping":
      return `${runText(moment.run)} is to stop`
    case "Ended":
      return `${runText(moment.run)} has ended`
    case "Wrote":
      return `${runText(moment.run)} writes`
    case "Refused":
      return `${runText(moment.run)} is refused`
    case "Said":
      return `${moment.runner} says: ${moment.message}`
  }
}

/** One moment as a line. */
export const line = (moment: Moment): string => `${seconds(moment.at).padStart(11)}  ${textOf(moment)}`
