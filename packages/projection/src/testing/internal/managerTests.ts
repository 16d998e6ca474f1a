/** A process manager loses no effect and doubles none: under crashes, repeats and takeovers, whoever else sends. */
import {
  ConsumerId,
  DistributedProcessing,
  type EntityHost,
  OffsetStore,
  type Process,
  ProcessContext,
  ProcessLease
} from "@aecor/core"
import type { Vitest } from "@effect/vitest"
import { Array, Duration, Effect, Schedule } from "effect"
import type * as Projection from "../../Projection.js"
import { deliveredBy, deliveries, type Delivery, type Fault, faults, faultyStore } from "./faults.js"
import { expectCharged, expectNoted } from "./ledgerChecks.js"
import { faultyOffsets, held, type Life, type Mishap, mishaps, mortal, type Purchase, purchases } from "./mishaps.js"
import {
  Bought,
  charging,
  Ledger,
  type LedgerJournal,
  ledgers,
  noting,
  refusals,
  Shop,
  ShopJournal,
  type Through
} from "./shop.js"
import { settle } from "./virtualTime.js"

/** What the suite needs. */
export type Services =
  | ShopJournal
  | LedgerJournal
  | Shop
  | EntityHost.EntityHost
  | OffsetStore.OffsetStore
  | ProcessLease.ProcessLease
  | DistributedProcessing.DistributedProcessing

/** More commands than an entity remembers by their ids. */
const many = 260

const restartSoon = { backoff: { min: "20 millis", max: "50 millis", jitter: 0 } } as const

const shopScene = Effect.gen(function* () {
  const journal = yield* ShopJournal
  const ledgerOf = yield* Ledger
  const shop = yield* Shop
  const store = yield* OffsetStore.OffsetStore
  const lease = yield* ProcessLease.ProcessLease
  const id = globalThis.crypto.randomUUID()
  const sequences = new Map<string, number>()
  const life: Life = { killed: false }
  const key = (name: string | number) => `${id}/${name}`
  const { tags } = ShopJournal.tagging

  const buy = (all: ReadonlyArray<Purchase>) =>
    Effect.forEach(all, ({ amount, buyer, ledger }) => {
      const before = sequences.get(key(buyer)) ?? 0
      sequences.set(key(buyer), before + 1)
      return journal.append(key(buyer), before, [Bought.make({ ledger: key(`ledger-${ledger}`), amount })])
    })

  const claim = Effect.fnUntraced(function* (name: string, index: number) {
    yield* lease.register(name, tags.length)
    yield* lease.revoke(name, index)
    const claimed = yield* lease.claim({ deployment: name, index, generation: 0 }, "suite", Duration.seconds(3))
    return claimed._tag === "Claimed" ? claimed.fence : yield* Effect.dieMessage(`the claim answered ${claimed._tag}`)
  })

  /** A manager begins at the end of what other tests have left. */
  const atHead = <R, S>({ name, offsets }: Projection.Projection<R, S>) =>
    Effect.forEach(tags, (tag) =>
      Effect.gen(function* () {
        const fence = yield* claim(name, tag.partition)
        yield* offsets.move({
          consumer: ConsumerId.make(name, tag),
          fence,
          expected: 0,
          offset: yield* journal.head(tag)
        })
        yield* lease.release(fence)
      })
    )

  /** Waits until a manager has reacted to all that was bought. */
  const done = <R, S>({ name, offsets }: Projection.Projection<R, S>) =>
    Effect.forEach(tags, (tag) =>
      Effect.all([offsets.get(ConsumerId.make(name, tag)), journal.head(tag)]).pipe(
        Effect.filterOrFail(
          ([offset, head]) => offset >= head,
          () => "behind" as const
        ),
        Effect.retry({ while: (error) => error === "behind", schedule: Schedule.spaced("20 millis") })
      )
    )

  const others = (name: string) =>
    Effect.forEach(Array.range(1, many), () => ledgerOf(name).Note(), { concurrency: 16, discard: true })

  /** Sendings that meet the mishaps, one after the other; the rest meet none. */
  const mishapping = (script: ReadonlyArray<Mishap>): Through => {
    const left = [...script]
    const crash = Effect.suspend(() => {
      life.killed = true
      return Effect.dieMessage("the process has crashed")
    })
    return (name, sending) =>
      Effect.suspend(() => {
        const mishap = left.shift() ?? "none"
        if (mishap === "none") return sending
        const sent = mishap === "crashBefore" ? Effect.void : Effect.exit(sending)
        const since = mishap === "crashAfterAndMany" ? others(name) : Effect.void
        const cleared = ledgerOf(name.replace(refusals, "")).Clear()
        return sent.pipe(Effect.zipRight(Effect.orDie(Effect.zipRight(since, cleared))), Effect.zipRight(crash))
      })
  }

  const deploy = <R>(
    name: string,
    processes: ReadonlyArray<Process.Process<never, R | ShopJournal | Ledger>>,
    delivery: Delivery
  ) =>
    DistributedProcessing.start(
      name,
      processes.map((process) =>
        process.pipe(
          Effect.provideService(ShopJournal, deliveredBy(journal, delivery)),
          Effect.provideService(Ledger, ledgerOf)
        )
      ),
      restartSoon
    )

  return {
    id,
    key,
    buy,
    claim,
    done,
    atHead,
    others,
    noting: (through: Through, pageSize: number) => noting(`${id}/noting`, through, pageSize),
    charging: (through: Through, pageSize: number) => charging(`${id}/charging`, through, pageSize),
    mishapping,
    deployNoting: (
      { name, processes }: ReturnType<typeof noting>,
      commits: ReadonlyArray<Fault>,
      delivery: Delivery
    ) => {
      const faulty = faultyOffsets(store, commits)
      const mortalStore = { ...faulty, commit: mortal(life, faulty.commit) }
      const run = Effect.provideService(OffsetStore.OffsetStore, mortalStore)
      return deploy(
        name,
        processes.map((process) => run(process)),
        delivery
      )
    },
    deployCharging: (
      { name, processes }: ReturnType<typeof charging>,
      commits: ReadonlyArray<Fault>,
      delivery: Delivery
    ) => {
      const faulty = faultyStore(shop, commits)
      const mortalStore = { ...faulty, commit: mortal(life, faulty.commit) }
      const run = Effect.provideService(Shop, mortalStore)
      return deploy(
        name,
        processes.map((process) => run(process)),
        delivery
      )
    },
    /** Starts one process of a manager by hand, as the newest run; the one before is robbed. */
    start: <R, S>({ name, processes }: Projection.Projection<R, S>, index: number) =>
      Effect.gen(function* () {
        const process = processes[index]
        if (process === undefined) return yield* Effect.dieMessage(`there is no process ${index}`)
        return yield* Effect.provideService(process, ProcessContext.ProcessContext, yield* claim(name, index))
      }),
    expectNoted: Effect.suspend(() => expectNoted([...sequences.keys()], `${id}/noting/all`)),
    expectCharged: Effect.suspend(() => expectCharged([...sequences.keys()]))
  }
})

const plain: Through = (_, sending) => sending

/** Purchases of one buyer from one ledger: their events are of one tag. */
const small: ReadonlyArray<Purchase> = [1, 2].map((amount) => ({ buyer: 0, ledger: 0, amount }))

/** A copy sleeps within its first send while another takes over, reacts to everything, and many others send as well. */
const wakingLate = <R, S>(
  at: Effect.Effect.Success<typeof shopScene>,
  manager: (through: Through, pageSize: number) => Projection.Projection<R, S>
) =>
  Effect.gen(function* () {
    const { letGo, reached, through } = yield* held
    const [sleepy, awake] = [manager(through, 100), manager(plain, 100)]
    yield* at.atHead(sleepy)
    yield* at.buy(small)
    const { partition } = ShopJournal.tagging.tagOf(at.key(0))
    const older = yield* at.start(sleepy, partition)
    yield* reached
    const newer = yield* at.start(awake, partition)
    yield* at.done(awake)
    yield* at.others(at.key("ledger-0"))
    yield* letGo
    yield* older.watchTermination
    yield* newer.shutdown
  })

const inOrder: Delivery = { pageSize: 100, overlap: 0, twice: false }

/** Reacts to what is bought, with rows, while the sendings meet the mishaps. */
const reacting = (
  at: Effect.Effect.Success<typeof shopScene>,
  bought: ReadonlyArray<Purchase>,
  sendings: ReadonlyArray<Mishap>
) =>
  Effect.gen(function* () {
    const manager = at.charging(at.mishapping(sendings), inOrder.pageSize)
    yield* at.atHead(manager)
    yield* at.buy(bought)
    yield* at.deployCharging(manager, [], inOrder)
    yield* at.done(manager)
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
        yield* at.atHead(manager)
        const half = Math.ceil(bought.length / 2)
        yield* at.buy(bought.slice(0, half))
        yield* at.deployNoting(manager, commits, delivery)
        yield* at.buy(bought.slice(half))
        yield* at.done(manager)
        yield* at.expectNoted
      }).pipe(Effect.scoped, Effect.provide(ledgers), settle),
    settings
  )

  test.prop(
    "what follows from an outcome takes effect once, and agrees with the row, wherever the process crashes",
    { bought: purchases, commits: faults, delivery: deliveries, sendings: mishaps },
    ({ bought, commits, delivery, sendings }) =>
      Effect.gen(function* () {
        const at = yield* shopScene
        const manager = at.charging(at.mishapping(sendings), delivery.pageSize)
        yield* at.atHead(manager)
        const half = Math.ceil(bought.length / 2)
        yield* at.buy(bought.slice(0, half))
        yield* at.deployCharging(manager, commits, delivery)
        yield* at.buy(bought.slice(half))
        yield* at.done(manager)
        yield* at.expectCharged
      }).pipe(Effect.scoped, Effect.provide(ledgers), settle),
    settings
  )

  test("what follows from a rejection is sent once, though what was refused would be accepted by then", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      const twice = [20, 20].map((amount) => ({ buyer: 0, ledger: 0, amount }))
      yield* reacting(at, twice, ["none", "none", "crashAfter"])
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(ledgers), settle))

  test("what an event's commands came to is known before the next event's are sent, whoever sends between", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* reacting(at, small, ["none", "crashAfterAndMany"])
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(ledgers), settle))

  test("a copy that wakes within a send stores nothing, whatever was sent since", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* wakingLate(at, at.noting)
      yield* at.expectNoted
    }).pipe(Effect.scoped, Effect.provide(ledgers), settle))

  test("a copy of a manager with rows that wakes within a send stores nothing, whatever was sent since", () =>
    Effect.gen(function* () {
      const at = yield* shopScene
      yield* wakingLate(at, at.charging)
      yield* at.expectCharged
    }).pipe(Effect.scoped, Effect.provide(ledgers), settle))
}
