/** What a test of the process manager suite works with, apart from all other tests on the same storage. */
import {
  type CommandFailed,
  ConsumerId,
  DistributedProcessing,
  type EntityHost,
  type Journal,
  type JournalError,
  type KillSwitch,
  type Lease,
  OffsetStore,
  type Process,
  ProcessContext,
  ProcessLease,
  type RunningProcess
} from "@aecor/core"
import { Array, Duration, Effect, Layer, Schedule, type Scope } from "effect"
import type * as Projection from "../../Projection.js"
import type { CommitConflict } from "../../View.js"
import { Clerk, ClerkJournal, clerks } from "./clerk.js"
import { deliveredBy, type Delivery, type Fault, faultyStore } from "./faults.js"
import { expectCharged, expectNoted, expectServed } from "./ledgerChecks.js"
import { faultyOffsets, type Life, type Mishap, mortal, type Purchase } from "./mishaps.js"
import {
  Bought,
  charging,
  Ledger,
  ledgers,
  type LedgerJournal,
  noting,
  refusals,
  Shop,
  ShopJournal,
  type Through
} from "./shop.js"

/** What the suite needs. */
export type Services =
  | ShopJournal
  | LedgerJournal
  | ClerkJournal
  | Shop
  | EntityHost.EntityHost
  | OffsetStore.OffsetStore
  | ProcessLease.ProcessLease
  | DistributedProcessing.DistributedProcessing

/** More commands than an entity remembers by their ids. */
const many = 260

/** How many tags each of the suite's journals has that managers react to, and so processes a manager. */
const tags = 2

/** What the scene gives to managers. */
type Given = ShopJournal | ClerkJournal | Ledger | Clerk | ProcessContext.ProcessContext
type Stateless = Projection.Projection<Given | OffsetStore.OffsetStore, OffsetStore.OffsetStore>

const restartSoon = { backoff: { min: "20 millis", max: "50 millis", jitter: 0 } } as const

type Commits = ReadonlyArray<Fault>
type AppendError = JournalError.JournalError | JournalError.VersionConflict | JournalError.InDoubt
type ClaimError = Lease.ProcessLeaseError | Lease.DeploymentMismatch
type OffsetError = Projection.StoreError | JournalError.JournalError

/** The processes of a manager, whose commits meet the faults, run as long as the scope is open. */
type Deployed = Effect.Effect<
  KillSwitch.KillSwitch,
  DistributedProcessing.StartError,
  DistributedProcessing.DistributedProcessing | Scope.Scope
>

export interface ShopScene {
  /** Unique: what the keys and the names of managers begin with. */
  readonly id: string
  readonly key: (name: string | number) => string
  readonly partitionOf: (buyer: number) => number
  readonly buy: (all: ReadonlyArray<Purchase>) => Effect.Effect<void, AppendError>
  /** Lets a manager begin at the end of what other tests have left in the journal that it reacts to. */
  readonly atHeadOf: <JS, E>(
    journal: Journal.Any<JS, E>
  ) => <R, S>(
    manager: Projection.Projection<R, S>
  ) => Effect.Effect<
    void,
    OffsetError | ClaimError | ProcessContext.Fenced | OffsetStore.OffsetConflict | CommitConflict,
    JS | S
  >
  /** Waits until a manager has reacted to all that is in the journal. */
  readonly doneWith: <JS, E>(
    journal: Journal.Any<JS, E>
  ) => <R, S>(manager: Projection.Projection<R, S>) => Effect.Effect<void, OffsetError | "behind", JS | S>
  /** Sends to a ledger, for others, more commands than it remembers by their ids. */
  readonly others: (ledger: string) => Effect.Effect<void, CommandFailed.CommandFailed>
  /** Sendings that meet the mishaps, one after the other; the rest meet none. It is the process of `whose` life that crashes. */
  readonly mishapping: (script: ReadonlyArray<Mishap>, whose?: Life) => Through
  readonly noting: (through: Through, pageSize: number) => ReturnType<typeof noting>
  readonly charging: (through: Through, pageSize: number) => ReturnType<typeof charging>
  readonly deployNoting: (manager: Stateless, commits: Commits, delivery: Delivery, whose?: Life) => Deployed
  readonly deployCharging: (manager: ReturnType<typeof charging>, commits: Commits, delivery: Delivery) => Deployed
  /** Starts one process of a manager by hand, as the newest run; the one before is robbed. */
  readonly start: <R, S>(
    manager: Projection.Projection<R, S>,
    index: number
  ) => Effect.Effect<RunningProcess.RunningProcess, ClaimError, Exclude<R, ProcessContext.ProcessContext> | Scope.Scope>
  readonly expectNoted: ReturnType<typeof expectNoted>
  readonly expectCharged: ReturnType<typeof expectCharged>
  readonly expectServed: ReturnType<typeof expectServed>
}

/** The entities that the managers send to. */
export const entities: Layer.Layer<Ledger | Clerk, never, EntityHost.EntityHost | LedgerJournal | ClerkJournal> =
  Layer.merge(ledgers, clerks)

export const shopScene: Effect.Effect<
  ShopScene,
  never,
  ShopJournal | ClerkJournal | Ledger | Clerk | Shop | OffsetStore.OffsetStore | ProcessLease.ProcessLease
> = Effect.gen(function* () {
  const journal = yield* ShopJournal
  const clerkJournal = yield* ClerkJournal
  const ledgerOf = yield* Ledger
  const clerkOf = yield* Clerk
  const shop = yield* Shop
  const store = yield* OffsetStore.OffsetStore
  const lease = yield* ProcessLease.ProcessLease
  const id = globalThis.crypto.randomUUID()
  const sequences = new Map<string, number>()
  const life: Life = { killed: false }
  const key = (name: string | number) => `${id}/${name}`

  const buy = (all: ReadonlyArray<Purchase>) =>
    Effect.forEach(
      all,
      ({ amount, buyer, ledger }) => {
        const before = sequences.get(key(buyer)) ?? 0
        sequences.set(key(buyer), before + 1)
        return journal.append(key(buyer), before, [Bought.make({ ledger: key(`ledger-${ledger}`), amount })])
      },
      { discard: true }
    )

  const claim = Effect.fnUntraced(function* (name: string, index: number) {
    yield* lease.register(name, tags)
    yield* lease.revoke(name, index)
    const claimed = yield* lease.claim({ deployment: name, index, generation: 0 }, "suite", Duration.seconds(3))
    return claimed._tag === "Claimed" ? claimed.fence : yield* Effect.dieMessage(`the claim answered ${claimed._tag}`)
  })

  const atHeadOf =
    <JS, E>(of: Journal.Any<JS, E>) =>
    <R, S>({ name, offsets }: Projection.Projection<R, S>) =>
      Effect.forEach(
        of.tagging.tags,
        (tag) =>
          Effect.gen(function* () {
            const fence = yield* claim(name, tag.partition)
            yield* offsets.move({
              consumer: ConsumerId.make(name, tag),
              fence,
              expected: 0,
              offset: yield* (yield* of).head(tag)
            })
            yield* lease.release(fence)
          }),
        { discard: true }
      )

  const doneWith =
    <JS, E>(of: Journal.Any<JS, E>) =>
    <R, S>({ name, offsets }: Projection.Projection<R, S>) =>
      Effect.forEach(
        of.tagging.tags,
        (tag) =>
          Effect.all([offsets.get(ConsumerId.make(name, tag)), Effect.flatMap(of, ({ head }) => head(tag))]).pipe(
            Effect.filterOrFail(
              ([offset, head]) => offset >= head,
              () => "behind" as const
            ),
            Effect.retry({ while: (error) => error === "behind", schedule: Schedule.spaced("20 millis") })
          ),
        { discard: true }
      )

  const others = (name: string) =>
    Effect.forEach(Array.range(1, many), () => ledgerOf(name).Note(), { concurrency: 16, discard: true })

  const mishapping = (script: ReadonlyArray<Mishap>, whose: Life = life): Through => {
    const left = [...script]
    const crash = Effect.suspend(() => {
      whose.killed = true
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

  const deploy = (name: string, processes: ReadonlyArray<Process.Process<never, Given>>, delivery: Delivery) =>
    DistributedProcessing.start(
      name,
      processes.map((process) =>
        process.pipe(
          Effect.provideService(ShopJournal, deliveredBy(journal, delivery)),
          Effect.provideService(ClerkJournal, deliveredBy(clerkJournal, delivery)),
          Effect.provideService(Ledger, ledgerOf),
          Effect.provideService(Clerk, clerkOf)
        )
      ),
      restartSoon
    )

  return {
    id,
    key,
    buy,
    doneWith,
    atHeadOf,
    others,
    partitionOf: (buyer: number) => ShopJournal.tagging.tagOf(key(buyer)).partition,
    noting: (through: Through, pageSize: number) => noting(`${id}/noting`, through, pageSize),
    charging: (through: Through, pageSize: number) => charging(`${id}/charging`, through, pageSize),
    mishapping,
    deployNoting: (
      { name, processes }: Stateless,
      commits: ReadonlyArray<Fault>,
      delivery: Delivery,
      whose: Life = life
    ) => {
      const faulty = faultyOffsets(store, commits)
      const mortalStore = { ...faulty, commit: mortal(whose, faulty.commit) }
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
    start: <R, S>({ name, processes }: Projection.Projection<R, S>, index: number) =>
      Effect.gen(function* () {
        const process = processes[index]
        if (process === undefined) return yield* Effect.dieMessage(`there is no process ${index}`)
        return yield* Effect.provideService(process, ProcessContext.ProcessContext, yield* claim(name, index))
      }),
    expectNoted: Effect.suspend(() => expectNoted([...sequences.keys()], `${id}/noting/all`)),
    expectCharged: Effect.suspend(() => expectCharged([...sequences.keys()])),
    expectServed: Effect.suspend(() => expectServed([...sequences.keys()]))
  }
})
