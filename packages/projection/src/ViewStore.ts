/**
 * Where a view's rows are kept: the port between projections, which commit pages of rows, and queries, which read them.
 *
 * Guarantees of every implementation (the conformance suite in `@aecor/projection/testing` holds them): a commit is one
 * transaction that stores the rows and the consumer's offset together, or nothing; it is refused where the fence is not
 * the newest or the offset is not the one that was read; a row is replaced by a higher version only.
 *
 * A view is a class of its own, with the schema of its rows.
 *
 * @since 0.1.0
 */
import type { ProcessLease } from "@aecor/core"
import { Context, Layer, type Schema } from "effect"
import * as memory from "./internal/viewStoreMemory.js"
import type { ViewStore } from "./View.js"

export * from "./View.js"

/**
 * What a view class tells an adapter: its name and the schema of its rows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Definition<V, I = unknown> {
  readonly label: string
  readonly row: Schema.Schema<V, I>
}

/**
 * A view class: the tag of its store, with its definition and its memory layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewStoreClass<Self, Name extends string, V, I>
  extends Context.TagClass<Self, `@aecor/ViewStore/${Name}`, ViewStore<V>>, Definition<V, I> {
  /** A view in the memory of this process, for tests and trials. Encodes and decodes as a real one would. */
  readonly layerMemory: Layer.Layer<Self, never, ProcessLease.ProcessLease>
}

/**
 * Any view class with rows `V`, whatever they are encoded to: what projections ask for.
 *
 * @since 0.1.0
 * @category models
 */
export type Any<Self, V> = Context.Tag<Self, ViewStore<V>> &
  Omit<Definition<V>, "row"> & { readonly row: { readonly Type: V } }

/**
 * The class of a view. The row's schema describes the columns beside the key and the version; their encoded forms are
 * what an adapter stores.
 *
 * @example
 * ```ts
 * class BookingsView extends ViewStore.Tag<BookingsView>()("bookings", { row: BookingRow }) {}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag =
  <Self>() =>
  <const Name extends string, V extends object, I>(
    name: Name,
    options: { readonly row: Schema.Schema<V, I> }
  ): ViewStoreClass<Self, Name, V, I> => {
    const tag = Context.Tag(`@aecor/ViewStore/${name}`)<Self, ViewStore<V>>()
    return Object.assign(tag, {
      ...options,
      label: name,
      layerMemory: Layer.effect(tag, memory.make<V, I>({ label: name, ...options }))
    }) as ViewStoreClass<Self, Name, V, I>
  }
