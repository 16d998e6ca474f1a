/** How the connections of a simulation are at the moment. */
import type { Draw } from "./draw.js"
import type { Cut, Fault } from "./faults.js"

/** What happens to a call: it comes through after so long, is refused, or is not answered. */
type Way =
  | { readonly _tag: "Through"; readonly there: number; readonly back: number }
  /** It takes effect, and the caller is told that it failed. */
  | { readonly _tag: "Doubt"; readonly there: number; readonly back: number }
  | { readonly _tag: "Refused"; readonly back: number }
  | { readonly _tag: "Lost" }

const quick = (draw: Draw): number => draw.between(1, 4)

export interface Conditions {
  readonly begin: (fault: Fault) => void
  readonly end: (fault: Fault) => void
  /** The way of a call from a runner to the store. */
  readonly toStore: (runner: string, draw: Draw) => Way
  /** Whether an answer of the store reaches a runner. */
  readonly answers: (runner: string) => boolean
  /** The way of a message between runners. */
  readonly between: (sender: string, receiver: string, draw: Draw) => Way
  /** Whether an answer from one runner reaches another. */
  readonly reaches: (sender: string, receiver: string) => boolean
}

/** The longest that a call takes which comes through, in milliseconds. */
export const longest = 4000

/** A call on a bad connection. */
const bad = (draw: Draw): Way => {
  const slow = () => (draw.chance(0.5) ? quick(draw) : draw.between(50, longest))
  const fate = draw.next()
  if (fate < 0.6) return { _tag: "Through", there: slow(), back: slow() }
  if (fate < 0.75) return { _tag: "Doubt", there: slow(), back: slow() }
  return fate < 0.9 ? { _tag: "Refused", back: slow() } : { _tag: "Lost" }
}

export const make = (): Conditions => {
  const present = new Set<Fault>()
  const cutFromStore = (runner: string): Cut | undefined => {
    for (const fault of present) {
      if (fault._tag === "Outage" || (fault._tag === "CutFromStore" && fault.runner === runner)) return fault.how
    }
    return undefined
  }
  const has = (tag: "CutFromPeers" | "TroubledPeers" | "TroubledStore", runner: string): boolean =>
    [...present].some((fault) => fault._tag === tag && fault.runner === runner)
  const isPair = (fault: Fault, one: string, other: string): boolean =>
    fault._tag === "CutPair" && fault.runner === one && fault.other === other
  const apart = (one: string, other: string): boolean =>
    one !== other &&
    (has("CutFromPeers", one) ||
      has("CutFromPeers", other) ||
      [...present].some((fault) => isPair(fault, one, other) || isPair(fault, other, one)))

  return {
    begin: (fault) => void present.add(fault),
    end: (fault) => void present.delete(fault),
    toStore: (runner, draw) => {
      const cut = cutFromStore(runner)
      if (cut === "refused") return { _tag: "Refused", back: quick(draw) }
      // what was sent just before may have come through
      if (cut === "silent")
        return draw.chance(0.1) ? { _tag: "Doubt", there: quick(draw), back: longest } : { _tag: "Lost" }
      return has("TroubledStore", runner) ? bad(draw) : { _tag: "Through", there: quick(draw), back: quick(draw) }
    },
    answers: (runner) => cutFromStore(runner) === undefined,
    between: (sender, receiver, draw) => {
      if (apart(sender, receiver)) return { _tag: "Lost" }
      const troubled = sender !== receiver && (has("TroubledPeers", sender) || has("TroubledPeers", receiver))
      return troubled ? bad(draw) : { _tag: "Through", there: quick(draw), back: quick(draw) }
    },
    reaches: (sender, receiver) => !apart(sender, receiver)
  }
}
