/** A manager whose state is event-sourced loses no effect and doubles none, and what it does agrees with its state. */
import type { Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { asking, ClerkJournal, serving } from "./clerk.js"
import { type Delivery, deliveries, faults, type Fault } from "./faults.js"
import { entities, type Services, shopScene } from "./managerScene.js"
import { held, type Life, type Mishap, mishaps, purchases } from "./mishaps.js"
import { ShopJournal, type Through } from "./shop.js"
import { settle } from "./virtualTime.js"

const inOrder: Delivery = { pageSize: 100, overlap: 0, twice: false }
const plain: Through = (_, sending) => sending

/** What befalls the two managers: the one that asks, and the one that serves. */
interface Trouble {
  readonly commits: ReadonlyArray<Fault>
  readonly sendings: ReadonlyArray<Mishap>
}
const none: Trouble = { commits: [], sendings: [] }

const clerkScene = Effect.gen(function* () {
  const at = yield* shopScene
  const managers = Effect.fnUntraced(function* (inAsking: Trouble, inServing: Trouble, delivery: Delivery) {
    const [one, other]: [Life, Life] = [{ killed: false }, { killed: false }]
    const asks = asking(`${at.id}/asking`, at.mishapping(inAsking.sendings, one), delivery.pageSize)
    const serves = serving(`${at.id}/serving`, at.mishapping(inServing.sendings, other), delivery.pageSize)
    yield* at.atHeadOf(ShopJournal)(asks)
    yield* at.atHeadOf(ClerkJournal)(serves)
    return {
      deploy: Effect.zipRight(
        at.deployNoting(asks, inAsking.commits, delivery, one),
        at.deployNoting(serves, inServing.commits, delivery, other)
      ),
      done: Effect.zipRight(at.doneWith(ShopJournal)(asks), at.doneWith(ClerkJournal)(serves))
    }
  })
  return { ...at, managers }
})

export const ownEntityTests = (test: Vitest.Tester<Services>, runs: number): void => {
  test.prop(
    "every command of a manager with event-sourced state takes effect once, and agrees with it, wherever it crashes",
    {
      bought: purchases,
      delivery: deliveries,
      askCommits: faults,
      asks: mishaps,
      serveCommits: faults,
      serves: mishaps
    },
    ({ askCommits, asks, bought, delivery, serveCommits, serves }) =>
      Effect.gen(function* () {
        const at = yield* clerkScene
        const half = Math.ceil(bought.length / 2)
        const { deploy, done } = yield* at.managers(
          { commits: askCommits, sendings: asks },
          { commits: serveCommits, sendings: serves },
          delivery
        )
        yield* at.buy(bought.slice(0, half))
        yield* deploy
        yield* at.buy(bought.slice(half))
        yield* done
        yield* at.expectServed
      }).pipe(Effect.scoped, Effect.provide(entities), settle),
    { timeout: 120_000, fastCheck: { numRuns: runs } }
  )

  test("an outcome that the state knows is not decided again, though what was refused would be accepted by then", () =>
    Effect.gen(function* () {
      const at = yield* clerkScene
      // the second is refused, its refusal is told, and the process crashes; the ledger is empty by then
      const trouble: Trouble = { commits: [], sendings: ["none", "none", "none", "crashAfter"] }
      const { deploy, done } = yield* at.managers(none, trouble, inOrder)
      yield* deploy
      yield* at.buy([20, 20].map((amount) => ({ buyer: 0, ledger: 0, amount })))
      yield* done
      yield* at.expectServed
    }).pipe(Effect.scoped, Effect.provide(entities), settle))

  test("a copy that wakes within its send to its own entity stores nothing, whatever was sent since", () =>
    Effect.gen(function* () {
      const at = yield* clerkScene
      const { letGo, reached, through } = yield* held
      const name = `${at.id}/asking`
      const [sleepy, awake] = [asking(name, through, 100), asking(name, plain, 100)]
      const serves = serving(`${at.id}/serving`, plain, 100)
      yield* at.atHeadOf(ShopJournal)(sleepy)
      yield* at.atHeadOf(ClerkJournal)(serves)
      yield* at.buy([1, 2].map((amount) => ({ buyer: 0, ledger: 0, amount })))
      const partition = at.partitionOf(0)
      const older = yield* at.start(sleepy, partition)
      yield* reached
      const newer = yield* at.start(awake, partition)
      yield* at.doneWith(ShopJournal)(awake)
      yield* at.deployNoting(serves, [], inOrder)
      yield* at.doneWith(ClerkJournal)(serves)
      yield* letGo
      yield* older.watchTermination
      yield* newer.shutdown
      yield* at.doneWith(ClerkJournal)(serves)
      yield* at.expectServed
    }).pipe(Effect.scoped, Effect.provide(entities), settle))
}
