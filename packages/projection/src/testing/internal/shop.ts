/** The shop of the process manager suite: what is bought is charged to a ledger, or refused where that is full. */
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
import { Effect, type Layer, Schema } from "effect"
import * as ProcessManager from "../../ProcessManager.js"
import type * as Projection from "../../Projection.js"
import * as ViewStore from "../../ViewStore.js"

export const Bought = Schema.TaggedStruct("Bought", { ledger: Schema.String, amount: Schema.Int })

/**
 * The journal that the suite's managers react to, with 2 tags.
 *
 * @since 0.1.0
 * @category services
 */
export class ShopJournal extends Journal.Tag<ShopJournal>()("ShopJournal", {
  event: Bought,
  tagging: Tagging.partitioned("Shop", 2)
}) {}

const Charged = Schema.TaggedStruct("Charged", { amount: Schema.Int })
const Refused = Schema.TaggedStruct("Refused", {})
const Noted = Schema.TaggedStruct("Noted", {})
const Cleared = Schema.TaggedStruct("Cleared", {})
const LedgerEvent = Schema.Union(Charged, Refused, Noted, Cleared)
export type LedgerEvent = typeof LedgerEvent.Type

/**
 * The journal of the entities that the suite's managers send to.
 *
 * @since 0.1.0
 * @category services
 */
export class LedgerJournal extends Journal.Tag<LedgerJournal>()("LedgerJournal", {
  event: LedgerEvent,
  tagging: Tagging.single("Ledger")
}) {}

class Full extends Schema.TaggedError<Full>()("Full", {}) {}

/** No command of it is a no-op when it comes again: a repeat that is not recognised can be seen. */
export class Ledger extends EventSourced.Tag<Ledger>()("Ledger", {
  journal: LedgerJournal,
  fold: Fold.of(LedgerEvent)<number>(0, {
    Charged: (total, { amount }) => total + amount,
    Refused: (total) => total,
    Noted: (total) => total,
    Cleared: () => 0
  }),
  protocol: [
    Rpc.make("Charge", { payload: { amount: Schema.Int }, error: Full }),
    Rpc.make("Refuse"),
    Rpc.make("Note"),
    Rpc.make("Clear")
  ]
}) {}

/** How much a ledger takes before it is full. */
const capacity = 30

export const ledgers: Layer.Layer<Ledger, never, EntityHost.EntityHost | LedgerJournal> = Ledger.layer({
  Charge: ({ amount }, session) =>
    Effect.flatMap(session.state, (total) =>
      total + amount > capacity ? new Full() : session.append(Charged.make({ amount }))
    ),
  Refuse: (_, session) => session.append(Refused.make({})),
  Note: (_, session) => session.append(Noted.make({})),
  Clear: (_, session) => session.append(Cleared.make({}))
})

const Charge = Schema.TaggedStruct("Charge", { ledger: Schema.String, amount: Schema.Int })
const Refuse = Schema.TaggedStruct("Refuse", { ledger: Schema.String })
const ShopState = Schema.Struct({ charged: Schema.Int, refused: Schema.Int })
const ShopCommand = Schema.Union(Charge, Refuse)
type ShopCommand = typeof ShopCommand.Type

/**
 * The rows of the suite's manager. An adapter for SQL needs this table, its columns named by the adapter's own rule:
 *
 * ```sql
 * create table shop (
 *   key      text    primary key,
 *   version  bigint  not null,
 *   state    jsonb   not null,
 *   pending  jsonb   not null,
 *   sequence integer not null,
 *   sent     integer not null
 * )
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class Shop extends ViewStore.Tag<Shop>()("Shop", { row: ProcessManager.row(ShopState, ShopCommand) }) {}

/** What the name of a ledger ends with that holds the refusals of another one. */
export const refusals = "/refusals"

/** What stands around each sending to a ledger: a crash before it, after it, or nothing. */
export type Through = <A, E, R>(ledger: string, sending: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Notes every purchase in its own ledger and in the one of the shop. */
export const noting = (
  name: string,
  through: Through,
  pageSize: number
): Projection.Projection<
  ShopJournal | Ledger | OffsetStore.OffsetStore | ProcessContext.ProcessContext,
  OffsetStore.OffsetStore
> =>
  ProcessManager.make(name, {
    journal: ShopJournal,
    pageSize,
    react: ({ event }, send) =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        for (const key of [event.ledger, `${name}/all`]) {
          yield* send(key, (options) => through(key, ledger(key).Note(undefined, options)))
        }
      })
  })

/** Charges every purchase, and refuses it once where the ledger is full. */
export const charging = (
  name: string,
  through: Through,
  pageSize: number
): Projection.Projection<ShopJournal | Ledger | Shop | ProcessContext.ProcessContext, Shop> =>
  ProcessManager.withState(name, {
    journal: ShopJournal,
    states: Shop,
    pageSize,
    react: (state, { event: { amount, ledger } }) => ({
      state: state._tag === "Some" ? state.value : { charged: 0, refused: 0 },
      commands: [Charge.make({ ledger, amount })]
    }),
    send: (command, options) =>
      Effect.flatMap(Ledger, (ledger) => {
        const to = ledger(command.ledger)
        return command._tag === "Charge"
          ? through(command.ledger, to.Charge({ amount: command.amount }, options))
          : through(command.ledger, to.Refuse(undefined, options))
      }),
    settle: ({ charged, refused }, { _tag, ledger }, outcome) => {
      if (_tag === "Refuse") return { state: { charged, refused: refused + 1 }, commands: [] }
      return outcome._tag === "Right"
        ? { state: { charged: charged + 1, refused }, commands: [] }
        : { state: { charged, refused }, commands: [Refuse.make({ ledger: ledger + refusals })] }
    }
  })
