/**
 * What is done to the nodes and to Postgres: decided by the seed alone. Some faults come one at a time, and are
 * measured; the others come in bursts, one over the other, and only have to leave nothing wrong behind.
 */
import { Utils } from "effect"

/** How often each kind comes among the faults that are drawn; `join` comes by itself, where nodes are missing. */
const weights = {
  kill9: 5,
  kill9Coordinator: 4,
  kill9HealthHost: 2,
  freeze: 4,
  term: 4,
  backends: 3,
  restart: 4,
  crash: 2,
  down: 1,
  block: 2,
  cutPostgres: 3,
  cutNode: 1,
  cutNodes: 1,
  cutPair: 3,
  killSwitch: 1,
  pooler: 1,
  join: 1
} as const

export type Kind = keyof typeof weights
export const kinds = Object.keys(weights) as ReadonlyArray<Kind>

export interface Fault {
  readonly kind: Kind
  /** In [0, 1): whom it hits. */
  readonly dice: number
  /** How long it lasts, for those that last, in milliseconds. */
  readonly millis: number
  /** When it comes, in milliseconds after the beginning of its burst. */
  readonly at: number
}

export interface Plan {
  readonly alone: ReadonlyArray<Fault>
  readonly bursts: ReadonlyArray<ReadonlyArray<Fault>>
}

export const firstNodes = 3
const mostNodes = 5
const burstSize = 10
/** A burst's faults come within so many milliseconds. */
const burstLength = 15_000

const isRemoval = (kind: Kind): boolean => kind.startsWith("kill9") || kind === "term"

/** So long, at the least and at the most, in seconds; long ones are rare. */
const lasting: Partial<Readonly<Record<Kind, readonly [least: number, most: number]>>> = {
  freeze: [5, 60],
  block: [5, 5],
  down: [10, 10],
  cutPostgres: [5, 20],
  cutNode: [5, 20],
  cutNodes: [5, 20],
  cutPair: [5, 20]
}

/** What a quick run does, each once: what people ask about first. Whoever leaves is replaced. */
export const quickAlone: ReadonlyArray<Kind> = [
  "kill9",
  "join",
  "freeze",
  "term",
  "join",
  "kill9Coordinator",
  "join",
  "restart"
]
const quickMost = 7

/** A share of the faults comes alone. */
const shareAlone = 0.3

/** Up to so many faults it is a quick run: of fixed kinds, and none lasts long. */
export const quick = 16

export const make = (seed: number, faults: number, has: (kind: Kind) => boolean): Plan => {
  const random = new Utils.PCGRandom(seed)
  const isQuick = faults <= quick
  const fault = (kind: Kind, longest: number): Fault => {
    const [least, most] = lasting[kind] ?? [0, 0]
    const seconds = least + (Math.min(most, longest) - least) * random.number() ** 2
    return {
      kind,
      dice: random.number(),
      millis: Math.round(1000 * seconds),
      at: Math.round(random.number() * burstLength)
    }
  }
  const drawn = kinds.filter(has).flatMap((kind) => Array.from({ length: weights[kind] }, () => kind))
  const draw = (): Kind => drawn[random.integer(drawn.length)] ?? "kill9"

  const alone: Array<Fault> = []
  if (isQuick) for (const kind of quickAlone.slice(0, faults)) alone.push(fault(kind, quickMost))
  else {
    let nodes = firstNodes
    while (alone.length < faults * shareAlone) {
      const next = nodes < firstNodes ? "join" : draw()
      const kind = next === "join" && nodes >= mostNodes ? "kill9" : next
      if (kind === "join") nodes += 1
      if (isRemoval(kind)) nodes -= 1
      alone.push(fault(kind, 60))
    }
  }
  const bursts: Array<ReadonlyArray<Fault>> = []
  for (let left = faults - alone.length; left > 0; left -= burstSize) {
    const burst = Array.from({ length: Math.min(left, burstSize) }, () => fault(draw(), isQuick ? quickMost : 20))
    bursts.push(burst.toSorted((one, other) => one.at - other.at))
  }
  return { alone, bursts }
}
