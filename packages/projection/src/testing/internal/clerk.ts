/**
 * A process manager of the suite whose state is event-sourced: a clerk, an entity of its own. What is bought is asked of
 * the buyer's clerk; its events lead to the commands, and it is told what they came to before anything follows from that.
 */
import {
  type EntityHost,
  EventSourced,
  Fold,
  Journal,
  type OffsetStore,
  type ProcessContext,
  Tagging
} from "@aecor/core"
import { Rpc } from "@effect/rpc"
import { Effect, Either, type Layer, Schema } from "effect"
import * as ProcessManager from "../../ProcessManager.js"
import type * as Projection from "../../Projection.js"
import { Ledger, refusals, ShopJournal, type Through } from "./shop.js"

const Asked = Schema.TaggedStruct("Asked", { purchase: Schema.Int, ledger: Schema.String, amount: Schema.Int })
const Accepted = Schema.TaggedStruct("Accepted", { purchase: Schema.Int })
const Declined = Schema.TaggedStruct("Declined", { purchase: Schema.Int, ledger: Schema.String })
const ClerkEvent = Schema.Union(Asked, Accepted, Declined)

/**
 * The journal of the entities that the suite's manager keeps its state in, with 2 tags.
 *
 * @since 0.1.0
 * @category services
 */
export class ClerkJournal extends Journal.Tag<ClerkJournal>()("ClerkJournal", {
  event: ClerkEvent,
  tagging: Tagging.partitioned("Clerk", 2)
}) {}

/** How many purchases there were, and the ledgers of those whose outcome is not known. */
interface Clerking {
  readonly asked: number
  readonly open: ReadonlyMap<number, string>
}

const without = (open: ReadonlyMap<number, string>, purchase: number): ReadonlyMap<number, string> =>
  new Map([...open].filter(([one]) => one !== purchase))

/** No command of it but `IsOpen` is a no-op when it comes again: a repeat that is not recognised can be seen. */
export class Clerk extends EventSourced.Tag<Clerk>()("Clerk", {
  journal: ClerkJournal,
  fold: Fold.of(ClerkEvent)<Clerking>(
    { asked: 0, open: new Map() },
    {
      Asked: ({ open }, { ledger, purchase }) => ({ asked: purchase, open: new Map([...open, [purchase, ledger]]) }),
      Accepted: ({ asked, open }, { purchase }) => ({ asked, open: without(open, purchase) }),
      Declined: ({ asked, open }, { purchase }) => ({ asked, open: without(open, purchase) })
    }
  ),
  protocol: [
    Rpc.make("Ask", { payload: { ledger: Schema.String, amount: Schema.Int } }),
    Rpc.make("IsOpen", { payload: { purchase: Schema.Int }, success: Schema.Boolean }),
    Rpc.make("Settle", { payload: { purchase: Schema.Int, ledger: Schema.String, accepted: Schema.Boolean } })
  ]
}) {}

export const clerks: Layer.Layer<Clerk, never, EntityHost.EntityHost | ClerkJournal> = Clerk.layer({
  Ask: ({ amount, ledger }, session) =>
    Effect.flatMap(session.state, ({ asked }) => session.append(Asked.make({ purchase: asked + 1, ledger, amount }))),
  IsOpen: ({ purchase }, session) => Effect.map(session.state, ({ open }) => open.has(purchase)),
  Settle: ({ accepted, ledger, purchase }, session) =>
    session.append(accepted ? Accepted.make({ purchase }) : Declined.make({ purchase, ledger }))
})

/** A manager without rows of its own, of so much. */
type Manager<R> = Projection.Projection<
  R | Clerk | OffsetStore.OffsetStore | ProcessContext.ProcessContext,
  OffsetStore.OffsetStore
>

/** Asks the buyer's clerk about every purchase. */
export const asking = (name: string, through: Through, pageSize: number): Manager<ShopJournal> =>
  ProcessManager.make(name, {
    journal: ShopJournal,
    pageSize,
    react: ({ event: { amount, ledger }, key }, send) =>
      Effect.gen(function* () {
        const clerk = yield* Clerk
        yield* send("ask", (options) => through(ledger, clerk(key).Ask({ amount, ledger }, options)))
      })
  })

/** Charges what a clerk was asked for, tells it what came of that, and refuses what it has declined. */
export const serving = (name: string, through: Through, pageSize: number): Manager<ClerkJournal | Ledger> =>
  ProcessManager.make(name, {
    journal: ClerkJournal,
    pageSize,
    react: ({ event, key }, send) =>
      Effect.gen(function* () {
        if (event._tag === "Accepted") return
        const [ledgerOf, clerkOf] = [yield* Ledger, yield* Clerk]
        const { ledger, purchase } = event
        if (event._tag === "Declined") {
          const other = ledger + refusals
          return yield* Effect.asVoid(send("refuse", (once) => through(other, ledgerOf(other).Refuse(undefined, once))))
        }
        const clerk = clerkOf(key)
        // its outcome is known where the event comes again: nothing is decided a second time
        if (!(yield* clerk.IsOpen({ purchase }))) return
        const outcome = yield* send("charge", (once) =>
          through(ledger, ledgerOf(ledger).Charge({ amount: event.amount }, once))
        )
        const accepted = Either.isRight(outcome)
        yield* send("settle", (once) => through(ledger, clerk.Settle({ accepted, ledger, purchase }, once)))
      })
  })
