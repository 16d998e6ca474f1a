/** What the operator's process is given, and what it tells. */
import type { SideBySide } from "@aecor/projection"

export interface Settings {
  readonly url: string
  readonly careless: boolean
  /** How often a round swaps the next version in, and the pause between two swaps, in milliseconds. */
  readonly times: number
  readonly pause: number
}

/** A swap that was asked for: in its turn, or too soon, while the next version was behind; by the machine's clock. */
interface Span {
  readonly how: "InTurn" | "TooSoon"
  readonly since: number
  readonly until: number
}

/**
 * - `Filled`, `Verified`, `Swapped`, `Refused`, `Renewed`: a step is done. `isRight` says whether what was refused was
 *   behind, and nothing else.
 * - `Round`: all of them.
 * - `CutOff`: a fault has come in between, and it is all done again; or nothing that a fault could be (`byFault`).
 */
export type Told =
  | { readonly _tag: "Filled" | "Renewed" | "Round" }
  | {
      readonly _tag: "Verified"
      readonly same: number
      readonly differing: number
      readonly samples: ReadonlyArray<SideBySide.Discrepancy>
    }
  | ({ readonly _tag: "Swapped" } & Span)
  | ({ readonly _tag: "Refused"; readonly isRight: boolean; readonly message: string } & Span)
  | { readonly _tag: "CutOff"; readonly byFault: boolean; readonly message: string }
