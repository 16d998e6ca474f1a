/**
 * What queries read of a view that has versions, side by side: one of them serves.
 *
 * Each version is a projection of its own, with its own name, table, offsets and deployment; the next one is filled while
 * the present one serves, on all nodes and through any crash, as every projection is. `swap` makes it serve: in one step,
 * and only where it shows no less.
 *
 * Guarantees: a query is answered by the version that serves while it is asked, also across a swap, so no row is missing
 * and none goes back to a lower version; what `awaitReceipt` has promised holds after a swap. A swap holds up no query,
 * only the commits of the version of before, for as long as the next one takes to catch up. Not guaranteed: that the rows
 * are the same, since a new fold is there to make others; `SideBySide.verify` compares them.
 *
 * @since 0.1.0
 */
import { ConsumerId, type Tagging } from "@aecor/core"
import { Clock, Context, Data, Duration, Effect, Layer, Option } from "effect"
import { obstacles } from "./internal/obstacles.js"
import * as SharedLook from "./internal/sharedLook.js"
import { type Obstacles, type Serving, ViewAliases, ViewAliasError } from "./ViewAliases.js"
import { ReceiptTimeout, type ViewStore, type ViewStoreError } from "./ViewStore.js"

export { type Obstacles, type Serving, ViewAliasError } from "./ViewAliases.js"

/**
 * What of a view store serves queries and swaps.
 *
 * @since 0.1.0
 * @category models
 */
export type Readable<V> = Pick<ViewStore<V>, "get" | "find" | "awaitReceipt" | "load" | "quarantined">

/**
 * What of a projection makes a version: `Projection.exactlyOnce` has it. Its rows are readable as `V`: they may have more
 * fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Version<V, S> {
  readonly name: string
  readonly view: Effect.Effect<Readable<V>, never, S>
  readonly journal: { readonly tagging: Tagging.Tagging }
}

/**
 * The next version may not serve: it shows less than the one that does. Nothing has changed. It may catch up; keys in its
 * quarantine have to be mended first.
 *
 * @since 0.1.0
 * @category errors
 */
export class SwapRefused extends Data.TaggedError("SwapRefused")<
  { readonly alias: string; readonly from: string; readonly to: string } & Obstacles
> {
  override get message(): string {
    const { alias, behind, from, quarantined, to } = this
    const partitions = behind.map(({ of, offset, partition }) => `${partition} (at ${offset} of ${of})`)
    const keys = quarantined
      .slice(0, 5)
      .map(({ cause, key, sequence }) => `${JSON.stringify(key)} (${sequence}: ${cause})`)
    const why = [
      ...(behind.length > 0 ? [`it is behind in partition ${partitions.join(", ")}`] : []),
      ...(quarantined.length > 0 ? [`${quarantined.length} keys wait in its quarantine: ${keys.join(", ")}`] : [])
    ]
    return `view alias ${alias}: ${to} cannot serve in the place of ${from}: ${why.join("; ")}`
  }
}

/**
 * The alias has no version of this name in the code that was asked. It may serve all the same: other nodes run newer code.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownVersion extends Data.TaggedError("UnknownVersion")<{
  readonly alias: string
  readonly version: string
  readonly versions: ReadonlyArray<string>
}> {
  override get message(): string {
    return `view alias ${this.alias} has no version ${this.version} here, but ${this.versions.join(", ")}`
  }
}

/**
 * What came of a swap: which version has served, and which does now. They are the same where there was nothing to do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Swapped {
  readonly from: string
  readonly to: string
}

/**
 * Why a query through an alias fails.
 *
 * @since 0.1.0
 * @category errors
 */
export type ReadError = ViewStoreError | ViewAliasError | UnknownVersion

/**
 * - `get`, `find`, `awaitReceipt`: those of `ViewStore`, of the version that serves.
 * - `getAfter`: the row of a receipt's key, when it shows what the receipt stands for: `awaitReceipt` and `get` in one.
 * - `serving`: the name of that version.
 * - `swap` makes another version serve: the next one, or the one of before, while its processes still run. `patience` (2 s)
 *   is how long the commits of the present one may be held up while the other catches up.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewAlias<V> {
  readonly get: (key: string) => Effect.Effect<Effect.Effect.Success<ReturnType<ViewStore<V>["get"]>>, ReadError>
  readonly find: (where: Partial<V>) => Effect.Effect<ReadonlyArray<V>, ReadError>
  readonly awaitReceipt: (
    ...asked: Parameters<ViewStore<V>["awaitReceipt"]>
  ) => Effect.Effect<void, Effect.Effect.Error<ReturnType<ViewStore<V>["awaitReceipt"]>> | ReadError>
  readonly getAfter: (
    ...asked: Parameters<ViewStore<V>["awaitReceipt"]>
  ) => Effect.Effect<
    Effect.Effect.Success<ReturnType<ViewStore<V>["get"]>>,
    Effect.Effect.Error<ReturnType<ViewStore<V>["awaitReceipt"]>> | ReadError
  >
  readonly serving: Effect.Effect<string, ViewAliasError>
  readonly swap: (
    to: string,
    options?: { readonly patience?: Duration.DurationInput }
  ) => Effect.Effect<Swapped, SwapRefused | UnknownVersion | ViewStoreError | ViewAliasError>
}

/**
 * An alias class: the tag of its service, with its layer, which needs the stores of all versions.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewAliasClass<Self, Name extends string, V, S> extends Context.TagClass<
  Self,
  `@aecor/ViewAlias/${Name}`,
  ViewAlias<V>
> {
  readonly label: Name
  readonly versions: ReadonlyArray<Version<V, S>>
  readonly layer: Layer.Layer<Self, never, S | ViewAliases>
}

/** How long a receipt is waited for at one version before it is looked which one serves. */
const turn = Duration.millis(250)

const make = Effect.fnUntraced(function* <V, S>(alias: string, versions: ReadonlyArray<Version<V, S>>) {
  const aliases = yield* ViewAliases
  const stores = new Map<string, Readable<V>>()
  for (const { name, view } of versions) stores.set(name, yield* view)
  const names = versions.map(({ name }) => name)
  const initial = names[0] ?? ""
  const tags = versions[0]?.journal.tagging.tags ?? []

  const served = SharedLook.make(aliases.serving(alias, initial))
  const storeOf = (version: string) => {
    const store = stores.get(version)
    return store === undefined ? new UnknownVersion({ alias, version, versions: names }) : Effect.succeed(store)
  }

  /** What has served when it was last looked: a version asked before the look that finds it again has served meanwhile. */
  let last: Serving | undefined

  /** Asks the version that has served; once more where another one does by the time that it has answered. */
  const ask = <A, E>(query: (store: Readable<V>) => Effect.Effect<A, E>): Effect.Effect<A, E | ReadError> =>
    Effect.gen(function* () {
      let asked = last ?? (yield* served)
      for (;;) {
        const answer = yield* Effect.exit(Effect.flatMap(storeOf(asked.version), query))
        const now = yield* served
        last = now
        // an error of a version that serves no more means nothing, either
        if (now.swaps === asked.swaps) return yield* answer
        asked = now
      }
    })

  /** Waits for a receipt at the version that serves, which may be another one by then, and asks that for more. */
  const afterReceipt = Effect.fnUntraced(function* <A>(
    [receipt, timeout]: Parameters<ViewStore<V>["awaitReceipt"]>,
    query: (store: Readable<V>) => Effect.Effect<A, ViewStoreError>
  ) {
    const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(timeout)
    for (;;) {
      const left = Math.max(0, until - (yield* Clock.currentTimeMillis))
      const answer = yield* ask((store) =>
        Effect.zipRight(
          store.awaitReceipt(receipt, Duration.min(turn, Duration.millis(left))),
          Effect.asSome(query(store))
        ).pipe(
          Effect.catchIf(
            (error) => error instanceof ReceiptTimeout && left > Duration.toMillis(turn),
            () => Effect.succeedNone
          )
        )
      )
      if (Option.isSome(answer)) return answer.value
    }
  })

  const awaitReceipt: ViewAlias<V>["awaitReceipt"] = Effect.fn(`${alias}.awaitReceipt`)(function* (...asked) {
    yield* afterReceipt(asked, () => Effect.void)
  })

  const getAfter: ViewAlias<V>["getAfter"] = Effect.fn(`${alias}.getAfter`)(function* (...asked) {
    const [{ key }] = asked
    return yield* afterReceipt(asked, (store) => store.get(key))
  })

  const swap: ViewAlias<V>["swap"] = Effect.fn(`${alias}.swap`)(function* (to, { patience = "2 seconds" } = {}) {
    const { version: from } = yield* served
    const [present, next] = [yield* storeOf(from), yield* storeOf(to)]
    const consumers = (name: string) => tags.map((tag) => ConsumerId.make(name, tag))
    const answer = yield* aliases.swap({
      alias,
      initial,
      from,
      to,
      tags,
      patience: Duration.decode(patience),
      obstacles: obstacles({ store: present, consumers: consumers(from) }, { store: next, consumers: consumers(to) })
    })
    switch (answer._tag) {
      case "Swapped":
        return { from, to }
      case "Other":
        return yield* new ViewAliasError({ alias, description: `${answer.serving} was made to serve meanwhile` })
      case "Refused":
        return yield* new SwapRefused({ alias, from, to, behind: answer.behind, quarantined: answer.quarantined })
    }
  })

  return {
    get: (key) => ask((store) => store.get(key)),
    find: (where) => ask((store) => store.find(where)),
    awaitReceipt,
    getAfter,
    serving: Effect.map(served, ({ version }) => version),
    swap
  } satisfies ViewAlias<V>
})

/**
 * The class of an alias. The first version serves until something is swapped; the rows of the others have its fields at
 * least. All of them project one journal.
 *
 * @example
 * ```ts
 * class Bookings extends ViewAlias.Tag<Bookings>()("bookings", { versions: [bookingView, bookingView2] }) {}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag =
  <Self>() =>
  <const Name extends string, V, S1, S2 = never>(
    name: Name,
    options: { readonly versions: readonly [Version<V, S1>, ...ReadonlyArray<Version<NoInfer<V>, S2>>] }
  ): ViewAliasClass<Self, Name, V, S1 | S2> => {
    const tag = Context.Tag(`@aecor/ViewAlias/${name}`)<Self, ViewAlias<V>>()
    const versions: ReadonlyArray<Version<V, S1 | S2>> = options.versions
    const layer = Layer.effect(tag, make(name, versions))
    return Object.assign(tag, { label: name, versions, layer }) as ViewAliasClass<Self, Name, V, S1 | S2>
  }
