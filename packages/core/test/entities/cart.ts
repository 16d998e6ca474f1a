import { EventSourced, Fold, Journal, Snapshotting, Tagging } from "@aecor/core"
import { Rpc } from "@effect/rpc"
import { Context, Effect, Either, Schema } from "effect"

// #region class
export class ItemAdded extends Schema.TaggedClass<ItemAdded>()("ItemAdded", {
  article: Schema.NonEmptyString,
  cents: Schema.Int
}) {}
export class CheckedOut extends Schema.TaggedClass<CheckedOut>()("CheckedOut", { cents: Schema.Int }) {}
const CartEvent = Schema.Union(ItemAdded, CheckedOut)

export class CartIsEmpty extends Schema.TaggedError<CartIsEmpty>()("CartIsEmpty", {}) {}
export class CartIsClosed extends Schema.TaggedError<CartIsClosed>()("CartIsClosed", {}) {}

const CartState = Schema.Struct({ cents: Schema.Int, closed: Schema.Boolean })
type CartState = typeof CartState.Type

export class CartJournal extends Journal.Tag<CartJournal>()("CartJournal", {
  event: CartEvent,
  // eight partitions, and a tag for who reads checkouts only
  tagging: Tagging.withTags(Tagging.partitioned("Cart", 8), (event: typeof CartEvent.Type) =>
    event._tag === "CheckedOut" ? [Tagging.tag("Checkouts")] : []
  )
}) {}

export class Cart extends EventSourced.Tag<Cart>()("Cart", {
  journal: CartJournal,
  fold: Fold.of(CartEvent)<CartState>(
    { cents: 0, closed: false },
    {
      ItemAdded: (cart, event) =>
        cart.closed ? Fold.impossible("an item in a closed cart", event) : { ...cart, cents: cart.cents + event.cents },
      CheckedOut: (cart) => ({ ...cart, closed: true })
    }
  ),
  protocol: [
    Rpc.make("Add", { payload: { article: Schema.NonEmptyString }, success: Schema.Int, error: CartIsClosed }),
    Rpc.make("CheckOut", { error: Schema.Union(CartIsEmpty, CartIsClosed) }),
    Rpc.make("Total", { success: Schema.Int }).annotate(EventSourced.CachedRead, true)
  ],
  snapshots: Snapshotting.every(100, { state: CartState, version: 1 })
}) {}
// #endregion

// #region handlers
export class Prices extends Context.Tag("Prices")<
  Prices,
  { readonly of: (article: string) => Effect.Effect<number> }
>() {}

type CheckOut = Either.Either<ReadonlyArray<CheckedOut>, CartIsEmpty | CartIsClosed>

export const checkOut = ({ cents, closed }: CartState): CheckOut => {
  if (closed) return Either.left(new CartIsClosed())
  return cents === 0 ? Either.left(new CartIsEmpty()) : Either.right([new CheckedOut({ cents })])
}

export const handlers = Cart.handlers({
  Add: ({ article }, session) =>
    Effect.gen(function* () {
      if ((yield* session.state).closed) return yield* new CartIsClosed()
      const cents = yield* (yield* Prices).of(article)
      yield* session.append(new ItemAdded({ article, cents }))
      return (yield* session.state).cents
    }),
  CheckOut: EventSourced.decide(checkOut),
  Total: (_, session) => Effect.map(session.state, ({ cents }) => cents)
})

export const Carts = Cart.layer(handlers)
// #endregion
