/** A process manager loses no effect and doubles none: under crashes, repeats and takeovers, whoever else sends. */
import type { Vitest } from "@effect/vitest"
import { Effect } from "effect"
import type * as Projection from "../../Projection.js"
import { deliveries, type Delivery, faults } from "./faults.js"
import { entities, type Services, type ShopScene, shopScene } from "./managerScene.js"
import { held, type Mishap, mishaps, type Purchase, purchases } from "./mishaps.js"
import { ShopJournal, type Through } from "./shop.js"
import { settle } from "./virtualTime.js"

const plain: Through = (_, sending) => sending

/** Purchases of one buyer from one ledger: their events are of one tag. */
const small: ReadonlyArray<Purchase> = [1, 2].map((amount) => ({ buyer: 0, ledger: 0, amount }))

/** A copy sleeps within its first send while another takes over, reacts to everything, and many others send as well. */
const wakingLate = <R, S>(
  at: ShopScene,
  manager: (through: Through, pageSize: number) => Projection.Projection<R, S>
) =>
  Effect.gen(function* () {
    const { letGo, reached, through } = yield* held
    const [sleepy, awake] = [manager(through, 100), manager(plain, 100)]
    yield* at.atHeadOf(ShopJournal)(sleepy)
    yield* at.buy(small)
    const { partition } = ShopJournal.tagging.tagOf(at.key(0))
    const older = yield* at.start(sleepy, partition)
    yield* reached
    const newer = yield* at.start(awake, partition)
    yield* at.doneWith(ShopJournal)(awake)
    yield* at.others(at.key("ledger-0"))
    yield* letGo
    yield* older.watchTermination
    yield* newer.shutdown
  })

const inOrder: Delivery = { pageSize: 100, overlap: 0, twice: false }

/** Reacts to what is bought, with rows, while the sendings meet the mishaps. */
const reacting = (at: ShopScene, bought: ReadonlyArray<Purchase>, sendings: ReadonlyArray<Mishap>) =>
  Effect.gen(function* () {
    const manager = at.charging(at.mishapping(sendings), inOrder.pageSize)
    yield* at.atHeadOf(ShopJournal)(manager)
    yield* at.buy(bought)
    yield* at.deployCharging(manager, [], inOrder)
    yield* at.doneWith(ShopJournal)(manager)
  })

export const managerTests = (test: Vitest.Tester<Services>, runs: number): void => {
  const settings = { timeout: 120_000, fastCheck: { numRuns: runs } }

  test.prop(
    "every command of every event takes effect once, wherever the process crashes",
    { bought: purchases, commits: faults, delivery: deliveries, sendings: mishaps },
    ({ bought, commits, delivery, sendings }) =>
      Effect.gen(function* () {
        const at = yield* shopScene
        const manager = at.noting(at.mishapping(sendings), delivery.pageSize)
        yield* at.atHeadOf(ShopJournal)(manager)
        const half = Math.ceil(bought.length / 2)
        yield* at.buy(bought.slice(0, half))
        yield* at.deployNoting(manager, commits, delivery)
        yield* at.buy(bought.slice(half))
        yield* at.doneWith(ShopJournal)(manager)
        yield* at.expectNoted
      }).pipe(Effect.scoped, Effect.provide(entities), settle),
    settings
  )

  test.prop(
    "what follows from an outcome takes effect once, and agrees with the row, wherever the process crashes",
    { bought: purchases, commits: faults, delivery: deliveries, sendings: mishaps },
    ({ bought, commits, delivery, sendings }) =>
      Effect.gen(function* () {
        const at = yield* shopScene
        const manager = at.charging(at.mishapping(sendings), delivery.pageSize)
        yield* at.atHeadOf(ShopJournal)(manager)
        const half = Math.ceil(bought.length / 2)
        yield* at.buy(bought.slice(0, half))
        yield* at.deployCharging(manager, commits, delivery)
        yield* at.buy(bought.slice(half))
        yield* at.doneWith(ShopJournal)(manager)
        yield* at.expectCharged
      }).pipe(Effect.scoped, Effect.provide(entities), settle),
    settings
  )

  test("what follows from a rejection is sent once, though what was refused would be accepted by then", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      const twice = [20, 20].map((amount) => ({ buyer: 0, ledger: 0, amount }))
      yield* reacting(at, twice, ["none", "none", "crashAfter"])
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(entities), settle))

  test("what an event's commands came to is known before the next event's are sent, whoever sends between", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* reacting(at, small, ["none", "crashAfterAndMany"])
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(entities), settle))

  test("a copy that wakes within a send stores nothing, whatever was sent since", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* wakingLate(at, at.noting)
      yield* at.expectNoted
    }).pipe(Effect.scoped, Effect.provide(entities), settle))

  test("a copy of a manager with rows that wakes within a send stores nothing, whatever was sent since", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* wakingLate(at, at.charging)
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(entities), settle))
}
