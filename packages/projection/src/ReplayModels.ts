/**
 * What a replay is told and what it tells: the models of `Replay`.
 *
 * @since 0.1.0
 */
import type { Offset } from "@aecor/core"
import type { DateTime, Duration, Effect, Option } from "effect"

/**
 * Which keys are folded anew:
 *
 * - `"all"`: every key of the journal;
 * - `after`, `since`: those with an event after a position, or at a time or later; they are folded from their first event
 *   nevertheless;
 * - `from` and `to`: those between two, both included, in the order of JavaScript's texts;
 * - `key`: one of them.
 *
 * @since 0.1.0
 * @category models
 */
export type Selection =
  | "all"
  | { readonly after: Offset.Offset }
  | { readonly since: DateTime.Utc }
  | { readonly from: string; readonly to: string }
  | { readonly key: string }

/**
 * How far a replay is: how many events it has read, how much of its work that was (`part`, from 0 to 1), how many a
 * second, and how long the rest may take, as soon as that can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly events: number
  readonly part: number
  readonly perSecond: number
  readonly left: Option.Option<Duration.Duration>
}

/**
 * - `keysAtOnce` (20,000): how many rows of a tag are held in memory. A tag of more keys is read several times.
 * - `tagsAtOnce` (4): how many tags are read and folded side by side, each with rows of its own in memory. 1 is the least.
 * - `onProgress`: told of the progress after each page of events. The replay waits for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface WalkOptions {
  readonly keysAtOnce?: number
  readonly tagsAtOnce?: number
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
}

/**
 * What a replay would find, of one row: what it holds (`stored`, at `version`) and what its events make of it (`folded`),
 * encoded, in the first `field` that differs.
 *
 * - `Different`: the row of this version is another;
 * - `Missing`: there is no row, though the projection is beyond the key's first event;
 * - `Behind`: the row is right, of a version that the projection is beyond: events were missed, or the key is in quarantine;
 * - `Ahead`: the row has seen more events than the journal has;
 * - `Failed`: the events cannot be folded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Finding {
  readonly kind: "Different" | "Missing" | "Behind" | "Ahead" | "Failed"
  readonly key: string
  readonly version: number
  readonly field?: string
  readonly stored?: unknown
  readonly folded?: unknown
  readonly reason?: string
}

/**
 * What a replay would find: of so many keys, folded from so many events, how many rows are as their events make them
 * (`same`), how many keys the projection has not come to yet (`unreached`), and how many are of each kind; the first 20 of
 * these are told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Findings {
  readonly keys: number
  readonly events: number
  readonly same: number
  readonly unreached: number
  readonly counts: { readonly [Kind in Finding["kind"]]: number }
  readonly samples: ReadonlyArray<Finding>
}
