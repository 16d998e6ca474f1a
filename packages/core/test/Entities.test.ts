/** The code of docs/entities.md, run. */
import { EntityHost, SnapshotStore } from "@aecor/core"
import { BehaviorSpec } from "@aecor/core/testing"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import {
  Cart,
  CartIsClosed,
  CartIsEmpty,
  CartJournal,
  Carts,
  checkOut,
  handlers,
  ItemAdded,
  Prices
} from "./entities/cart.js"
import { buy } from "./entities/shop.js"

const { given, thenEvents, thenRejection } = BehaviorSpec

const Memory = Layer.mergeAll(
  EntityHost.layerLocal,
  CartJournal.layerMemory,
  SnapshotStore.layerMemory,
  Layer.succeed(Prices, { of: (article) => Effect.succeed(article.length * 100) })
)

it.effect("the page's shop buys once, whatever is sent again, and refuses afterwards", () =>
  Effect.gen(function* () {
    expect(yield* buy("ann", "tea", "click-1")).toBe(300)
    expect(yield* buy("ann", "tea", "click-1")).toBe(300)
    expect(yield* Effect.flip(buy("ann", "milk", "click-2"))).toEqual(new CartIsClosed())
    expect(yield* (yield* Cart)("ann").Total()).toBe(300)
    const stored = yield* Stream.runCollect((yield* CartJournal).read("ann", 1))
    expect(Chunk.toReadonlyArray(stored).map(({ event, metadata }) => [event._tag, metadata["channel"]])).toEqual([
      ["ItemAdded", "web"],
      ["CheckedOut", undefined]
    ])
  }).pipe(Effect.provide(Carts.pipe(Layer.provideMerge(Memory))))
)

it("nothing is checked out of an empty cart", () => {
  given(Cart.fold).when(checkOut, undefined).pipe(thenRejection(new CartIsEmpty()))
})

it.effect("an item goes into the cart at the price of the moment", () =>
  Effect.map(
    given(Cart, handlers).when("Add", { article: "tea" }),
    thenEvents(new ItemAdded({ article: "tea", cents: 300 }))
  ).pipe(Effect.provide(Memory))
)
