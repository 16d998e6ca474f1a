/** What a simulation's record says of times: when nothing was wrong, and what was wished meanwhile. Pure. */
import type { Settings } from "../../../internal/deploymentSettings.js"
import type { Fault } from "./faults.js"
import type { Moment, Which } from "./happenings.js"

type Of<Tag extends Moment["_tag"]> = Moment & { readonly _tag: Tag }

export const select = <Tag extends Moment["_tag"]>(moments: ReadonlyArray<Moment>, ...tags: ReadonlyArray<Tag>) =>
  moments.filter((moment): moment is Of<Tag> => (tags as ReadonlyArray<string>).includes(moment._tag))

export const keyOf = ({ deployment, index }: Which): string => `${index}/${deployment}`

export const grouped = <A>(
  values: ReadonlyArray<A>,
  key: (value: A) => string
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const group = groups.get(key(value))
    if (group === undefined) groups.set(key(value), [value])
    else group.push(value)
  }
  return groups
}

/** A stretch of time, in milliseconds. */
export interface Stretch {
  readonly from: number
  readonly until: number
}

export type Disturbance = Of<"FaultBegan" | "FaultEnded" | "RunnerStarted" | "RunnerGone">

/** When nothing was wrong: no fault lasted, no runner came or went. Or those only that count. */
export const quiets = (
  moments: ReadonlyArray<Moment>,
  end: number,
  counts: (disturbance: Disturbance) => boolean = () => true
): ReadonlyArray<Stretch> => {
  const present = new Set<Fault>()
  const stretches: Array<Stretch> = []
  let since = 0
  const disturbed = (at: number) => {
    if (present.size === 0 && at > since) stretches.push({ from: since, until: at })
    since = at
  }
  for (const moment of select(moments, "FaultBegan", "FaultEnded", "RunnerStarted", "RunnerGone").filter(counts)) {
    disturbed(moment.at)
    if (moment._tag === "FaultBegan") present.add(moment.fault)
    if (moment._tag === "FaultEnded") present.delete(moment.fault)
  }
  disturbed(end)
  return stretches
}

interface Known {
  readonly deployment: string
  readonly processes: number
  readonly settings: Settings
}

export const deployments = (moments: ReadonlyArray<Moment>): ReadonlyArray<Known> => [
  ...new Map(select(moments, "Known").map((known) => [known.deployment, known])).values()
]

export const processesOf = ({ deployment, processes }: Known): ReadonlyArray<Which> =>
  Array.from({ length: processes }, (_, index) => ({ deployment, index }))

/** Whether what is said of a deployment, or of one process of it, is said of a process. */
export const isSaidOf = (
  said: { readonly deployment: string; readonly index?: number | undefined },
  { deployment, index }: Which
): boolean => said.deployment === deployment && (said.index === undefined || said.index === index)

/** The parts of a quiet time in which a process was wished running, each from its wish. */
export const desiredIn = (moments: ReadonlyArray<Moment>, which: Which, quiet: Stretch): ReadonlyArray<Stretch> => {
  const wishes = select(moments, "Wished").filter((wish) => isSaidOf(wish, which) && wish.at <= quiet.until)
  let from: number | undefined = quiet.from
  const parts: Array<Stretch> = []
  for (const { at, desired } of wishes) {
    if (!desired && from !== undefined) {
      if (at > from) parts.push({ from, until: at })
      from = undefined
    }
    // a second wish of the same changes nothing
    if (desired && from === undefined) from = Math.max(at, quiet.from)
  }
  if (from !== undefined) parts.push({ from, until: quiet.until })
  return parts
}
