/** What the ledgers of the suite's shop must hold when a manager has reacted to all that was bought. */
import type { EntityEvent, JournalError } from "@aecor/core"
import { expect } from "@effect/vitest"
import { Array, Effect, Option, Stream } from "effect"
import type * as ViewStore from "../../ViewStore.js"
import { ClerkJournal } from "./clerk.js"
import { type LedgerEvent, LedgerJournal, refusals, Shop, ShopJournal } from "./shop.js"

const purchasesOf = (buyers: ReadonlyArray<string>) =>
  Effect.flatMap(ShopJournal, (journal) =>
    Effect.map(
      Effect.forEach(buyers, (buyer) => Stream.runCollect(journal.read(buyer, 1))),
      (all) => all.flatMap((chunk) => Array.fromIterable(chunk))
    )
  )

const inLedger = (name: string) =>
  Effect.flatMap(LedgerJournal, (journal) =>
    Effect.map(Stream.runCollect(journal.read(name, 1)), (chunk) => Array.fromIterable(chunk))
  )

/** How often a kind of event was stored in a ledger because of an event. */
const because = (all: ReadonlyArray<EntityEvent.EntityEvent<LedgerEvent>>, kind: string, cause: string) =>
  all.filter(({ event, metadata }) => event._tag === kind && metadata["causationId"] === cause).length

/** Expects of every purchase one note in its ledger and one in the shop's. */
export const expectNoted = (
  buyers: ReadonlyArray<string>,
  shop: string
): Effect.Effect<void, JournalError.JournalError, ShopJournal | LedgerJournal> =>
  Effect.gen(function* () {
    const all = yield* inLedger(shop)
    for (const { event, id } of yield* purchasesOf(buyers)) {
      const own = yield* inLedger(event.ledger)
      expect([because(own, "Noted", id), because(all, "Noted", id)]).toEqual([1, 1])
    }
  })

/** Expects every purchase to be charged once or refused once, and every row to say so. */
export const expectCharged = (
  buyers: ReadonlyArray<string>
): Effect.Effect<void, JournalError.JournalError | ViewStore.ViewStoreError, ShopJournal | LedgerJournal | Shop> =>
  Effect.gen(function* () {
    const shop = yield* Shop
    const states = new Map<string, { charged: number; refused: number; sequence: number }>()
    for (const { event, id, key, sequence } of yield* purchasesOf(buyers)) {
      const charged = because(yield* inLedger(event.ledger), "Charged", id)
      const refused = because(yield* inLedger(event.ledger + refusals), "Refused", id)
      expect(charged + refused).toBe(1)
      const before = states.get(key) ?? { charged: 0, refused: 0 }
      states.set(key, { charged: before.charged + charged, refused: before.refused + refused, sequence })
    }
    for (const [buyer, { sequence, ...state }] of states) {
      const { view } = Option.getOrThrow(yield* shop.get(buyer))
      expect([view.state, view.pending, view.sequence]).toEqual([state, [], sequence])
    }
  })

/** Expects every purchase to be asked for once, charged once or refused once, and the buyer's clerk to say so. */
export const expectServed = (
  buyers: ReadonlyArray<string>
): Effect.Effect<void, JournalError.JournalError, ShopJournal | LedgerJournal | ClerkJournal> =>
  Effect.gen(function* () {
    const clerks = yield* ClerkJournal
    const all = yield* Effect.forEach(buyers, (buyer) => Stream.runCollect(clerks.read(buyer, 1)))
    const told = all.flatMap((chunk) => Array.fromIterable(chunk))
    for (const { event, id } of yield* purchasesOf(buyers)) {
      const isOf = ({ metadata }: EntityEvent.EntityEvent<unknown>) => metadata["correlationId"] === id
      const done = [...(yield* inLedger(event.ledger)), ...(yield* inLedger(event.ledger + refusals))].filter(isOf)
      const charged = done.some((one) => one.event._tag === "Charged")
      expect(done.map((one) => one.event._tag)).toEqual([charged ? "Charged" : "Refused"])
      expect(told.filter(isOf).map((one) => one.event._tag)).toEqual(["Asked", charged ? "Accepted" : "Declined"])
    }
  })
