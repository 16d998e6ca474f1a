/**
 * Which version of a view serves: the port under `ViewAlias`.
 *
 * Guarantees of every implementation: a swap is one step. Readers find the version of before up to it and the new one from
 * it on; between its conditions and its effect nothing of the version of before is committed.
 *
 * @since 0.1.0
 */
import type { Offset, Quarantine, Tagging } from "@aecor/core"
import { Context, Data, type Duration, type Effect, Layer } from "effect"
import * as memory from "./internal/viewAliasesMemory.js"

/**
 * The storage did not answer, or refused. Whether a swap took effect is seen by what serves.
 *
 * @since 0.1.0
 * @category errors
 */
export class ViewAliasError extends Data.TaggedError("ViewAliasError")<{
  readonly alias: string
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `view alias ${this.alias}: ${this.description}`
  }
}

/**
 * The version that serves, by the name of its projection, and how many swaps there have been.
 *
 * @since 0.1.0
 * @category models
 */
export interface Serving {
  readonly version: string
  readonly swaps: number
}

/**
 * What keeps the new version from serving: partitions in which it is behind the one that serves (`offset` of `of`), and
 * keys of which it shows less, since they wait in its quarantine.
 *
 * @since 0.1.0
 * @category models
 */
export interface Obstacles {
  readonly behind: ReadonlyArray<{
    readonly partition: number
    readonly offset: Offset.Offset
    readonly of: Offset.Offset
  }>
  readonly quarantined: ReadonlyArray<Pick<Quarantine.Entry, "key" | "sequence" | "cause">>
}

/**
 * One version in the place of another, where that one serves. `tags` are those of their journal; `patience` is how long the
 * version of before may be held up until the new one has caught up. `obstacles` looks at the stores, for an implementation
 * that has no view of its own at their offsets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Swap<E> {
  readonly alias: string
  readonly initial: string
  readonly from: string
  readonly to: string
  readonly tags: ReadonlyArray<Tagging.EventTag>
  readonly patience: Duration.Duration
  readonly obstacles: Effect.Effect<Obstacles, E>
}

/**
 * - `Swapped`: the new version serves from now on.
 * - `Refused`: it does not, and why.
 * - `Other`: neither of the two has served; another one does.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer =
  | { readonly _tag: "Swapped" }
  | ({ readonly _tag: "Refused" } & Obstacles)
  | { readonly _tag: "Other"; readonly serving: string }

/**
 * `serving` answers with `initial` where nothing was ever swapped.
 *
 * @since 0.1.0
 * @category services
 */
export class ViewAliases extends Context.Tag("@aecor/projection/ViewAliases")<
  ViewAliases,
  {
    readonly serving: (alias: string, initial: string) => Effect.Effect<Serving, ViewAliasError>
    readonly swap: <E>(swap: Swap<E>) => Effect.Effect<Answer, E | ViewAliasError>
  }
>() {}

/**
 * Aliases in the memory of this process, for views that are there as well.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ViewAliases> = Layer.sync(ViewAliases, memory.make)
