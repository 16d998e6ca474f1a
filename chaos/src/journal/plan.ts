/**
 * What is done to the journal, and when: decided by the seed alone, so that a run can be told by its seed. The moments
 * are counts of events written, not times: a slow machine has the same faults as a fast one.
 */
import { Utils } from "effect"

const kinds = ["restart", "crash", "killWriter", "terminateBackends", "killListeners"] as const
export type Kind = (typeof kinds)[number]

/**
 * How often in a million events; in fewer, at least once. What takes Postgres down ends the foreign transaction as well,
 * which is to stay open for long: so it has a limit, however many events there are.
 */
const often: Readonly<Record<Kind, { readonly perMillion: number; readonly atMost: number }>> = {
  restart: { perMillion: 2, atMost: 4 },
  crash: { perMillion: 2, atMost: 4 },
  killWriter: { perMillion: 4, atMost: Infinity },
  terminateBackends: { perMillion: 6, atMost: Infinity },
  killListeners: { perMillion: 4, atMost: Infinity }
}

const timesOf = (kind: Kind, events: number): number => {
  const { atMost, perMillion } = often[kind]
  return Math.min(atMost, Math.max(1, Math.round((perMillion * events) / 1_000_000)))
}

export interface Fault {
  readonly kind: Kind
  /** It happens when so many events have been written. */
  readonly at: number
  /** In [0, 1): which one it hits. */
  readonly dice: number
}

/** Each in a stretch of its own between 3 and 95 per cent of the events, in random order. */
export const make = (seed: number, events: number): ReadonlyArray<Fault> => {
  const random = new Utils.PCGRandom(seed)
  const all = kinds
    .flatMap((kind) => Array.from({ length: timesOf(kind, events) }, () => kind))
    .map((kind) => ({ kind, place: random.number() }))
    .toSorted((one, other) => one.place - other.place)
  const [first, stretch] = [events * 0.03, (events * 0.92) / all.length]
  return all.map(({ kind }, i) => ({
    kind,
    at: Math.round(first + (i + random.number()) * stretch),
    dice: random.number()
  }))
}
