/**
 * The next version of a view, filled beside the one that serves: how far it is, and whether it shows the same.
 *
 * To fill it is nothing special: it is a projection that is deployed for the first time. When it has caught up (`progress`)
 * and is found right (`verify`), `ViewAlias` makes it serve.
 *
 * @since 0.1.0
 */
import { ConsumerId, type JournalError } from "@aecor/core"
import { Clock, Duration, Effect, Option, Stream } from "effect"
import * as Verifying from "./internal/verifying.js"
import type { ViewProjection } from "./Projection.js"
import type { ViewStoreError } from "./ViewStore.js"

/**
 * How far a projection is: how many events it has handled of how many, how many a second since it is watched, and how long
 * the rest may take, as soon as that can be told. The numbers are estimated from positions, of which some may be unused.
 * `behind` are the partitions that have not come to where their ends were at the look before (the first time: to their
 * ends): events may come all the time, and a projection shows each a moment later.
 *
 * @since 0.1.0
 * @category models
 */
export interface CatchUp {
  readonly done: number
  readonly total: number
  readonly perSecond: number
  readonly left: Option.Option<Duration.Duration>
  readonly behind: number
}

/**
 * How far a projection is, now and again every `every` (1 s), until it has come to the end of its journal, as that was at the
 * look before. Works anywhere where its stores can be reached.
 *
 * @since 0.1.0
 * @category combinators
 */
export const progress = <JS, E, VS, V>(
  projection: ViewProjection<JS, E, VS, V>,
  options: { readonly every?: Duration.DurationInput } = {}
): Stream.Stream<CatchUp, JournalError.JournalError | ViewStoreError, JS | VS> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* projection.journal
      const store = yield* projection.view
      const { tags } = projection.journal.tagging
      /** How far it is; `ends` are where the partitions ended at the look before, none at the first. */
      const look = (ends: ReadonlyArray<number>) =>
        Effect.map(
          Effect.forEach(tags, (tag) =>
            Effect.zipWith(
              store.load(ConsumerId.make(projection.name, tag), []),
              journal.head(tag),
              ({ offset }, head) => ({ offset, head: Math.max(offset, head) })
            )
          ),
          (all) => ({
            heads: all.map(({ head }) => head),
            // a partition's offset says how much of the whole journal is behind it
            done: Math.floor(all.reduce((sum, { offset }) => sum + offset, 0) / tags.length),
            total: Math.floor(all.reduce((sum, { head }) => sum + head, 0) / tags.length),
            behind: all.filter(({ head, offset }, i) => offset < (ends[i] ?? head)).length
          })
        )
      const since = yield* Clock.currentTimeMillis
      const { done: first } = yield* look([])
      const now = Effect.fnUntraced(function* (ends: ReadonlyArray<number>) {
        const { heads, ...found } = yield* look(ends)
        const took = (yield* Clock.currentTimeMillis) - since
        const perSecond = took > 0 ? ((found.done - first) * 1000) / took : 0
        const left =
          perSecond > 0 ? Option.some(Duration.seconds((found.total - found.done) / perSecond)) : Option.none()
        const told: CatchUp = { ...found, perSecond: Math.round(perSecond), left }
        return [told, told.behind === 0 ? Option.none() : Option.some(heads)] as const
      })
      const { every = "1 second" } = options
      return Stream.paginateEffect(nothing, (ends) => (ends === nothing ? now(ends) : Effect.delay(now(ends), every)))
    })
  )

/** Where partitions ended when nobody has looked. */
const nothing: ReadonlyArray<number> = []

/**
 * A row that is not the same in both versions, at the version (sequence) at which that was found: `Different` in the first
 * `field` that differs, with what each holds there, encoded (the `version` itself, where one of them has passed over events
 * of the key); `Missing` in the next one, or `Extra` there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Discrepancy {
  readonly kind: "Different" | "Missing" | "Extra"
  readonly key: string
  readonly version: number
  readonly field?: string
  readonly live?: unknown
  readonly next?: unknown
}

/**
 * What a comparison has found: how many rows are the `same`, and how many are of each kind; `unsettled` are those that did
 * not meet at a version in time. The first 20 discrepancies are told, and 20 keys that are unsettled.
 *
 * @since 0.1.0
 * @category models
 */
export interface Verification {
  readonly same: number
  readonly different: number
  readonly missing: number
  readonly extra: number
  readonly unsettled: number
  readonly samples: ReadonlyArray<Discrepancy>
  readonly unsettledKeys: ReadonlyArray<string>
}

/**
 * - `fields`: those of the encoded rows that are compared; by default all that the rows of the live version have.
 * - `patience` (30 s): how long all in all it is waited for rows to meet.
 * - `pageSize` (2,000): how many rows are compared at once.
 * - `onPage`: told after each page how many rows have been compared.
 *
 * @since 0.1.0
 * @category models
 */
export interface VerifyOptions {
  readonly fields?: ReadonlyArray<string>
  readonly patience?: Duration.DurationInput
  readonly pageSize?: number
  readonly onPage?: (rows: number) => Effect.Effect<void>
}

/**
 * Compares the rows of two versions while both go on. Rows of equal version are compared field by field; others are looked
 * at again until both have been seen at one version. A row that one of them lacks counts as soon as that one has come as far
 * as the other was. So rows are settled as fast as both go on; those of a version that stands still are not. Rows that come
 * while it compares may be left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const verify: <JS1, E1, VS1, V1, JS2, E2, VS2, V2>(
  live: ViewProjection<JS1, E1, VS1, V1>,
  next: ViewProjection<JS2, E2, VS2, V2>,
  options?: VerifyOptions
) => Effect.Effect<Verification, ViewStoreError, VS1 | VS2> = Effect.fn("SideBySide.verify")(function* <
  JS1,
  E1,
  VS1,
  V1,
  JS2,
  E2,
  VS2,
  V2
>(live: ViewProjection<JS1, E1, VS1, V1>, next: ViewProjection<JS2, E2, VS2, V2>, options: VerifyOptions = {}) {
  const { onPage = () => Effect.void, pageSize = 2000, patience = "30 seconds" } = options
  const verifying = yield* Verifying.make({
    live: yield* Verifying.sideOf(live),
    next: yield* Verifying.sideOf(next),
    fields: options.fields,
    patience: Duration.decode(patience),
    pageSize,
    onPage
  })
  return yield* verifying
})
