// What the compiler knows and refuses. Nothing here runs; `tsc` is the test.
// @effect-diagnostics missingEffectError:off missingEffectContext:off missingLayerContext:off
import {
  type CommandFailed,
  DistributedProcessing,
  EntityHost,
  EventSourced,
  Fold,
  Journal,
  type KillSwitch,
  type Lease,
  Process,
  ProcessContext,
  ProcessLease,
  SnapshotStore,
  Snapshotting,
  Tagging
} from "@aecor/core"
import {
  BehaviorSpec,
  DistributedProcessingSuite,
  EntityHostSuite,
  JournalSuite,
  ProcessLeaseSuite,
  SnapshotStoreSuite
} from "@aecor/core/testing"
import type { KeyValueStore } from "@effect/platform"
import { Rpc } from "@effect/rpc"
import { Context, Effect, type Either, Layer, Schema, type Scope } from "effect"
import { hasType } from "./fixtures/hasType.js"
import {
  Closed,
  fold,
  handlers,
  Limits,
  type NotOpen,
  Opened,
  type Paid,
  pay,
  TooMuch,
  Wallet,
  WalletEvent,
  WalletJournal,
  type WalletState
} from "./fixtures/Wallet.js"

// ------------------------------------------------------------------ the client

const wallet = Effect.map(Wallet, (_) => _("w-1"))
const sent = {
  open: Effect.flatMap(wallet, (_) => _.Open({ owner: "ann" })),
  pay: Effect.flatMap(wallet, (_) => _.Pay({ amount: 1 }, { commandId: "c-1", metadata: { correlationId: "o-1" } })),
  balance: Effect.flatMap(wallet, (_) => _.Balance()),
  receipt: Effect.flatMap(Wallet, (_) => _.receipts("w-1").Open({ owner: "ann" }))
}
hasType<Effect.Effect<boolean, CommandFailed.CommandFailed, Wallet>>()(sent.open)
hasType<Effect.Effect<void, NotOpen | TooMuch | CommandFailed.CommandFailed, Wallet>>()(sent.pay)
hasType<Effect.Effect<number, NotOpen | CommandFailed.CommandFailed, Wallet>>()(sent.balance)
hasType<Effect.Effect<EventSourced.Receipt<boolean>, CommandFailed.CommandFailed, Wallet>>()(sent.receipt)

export const wrongClients = Effect.map(wallet, (_) => [
  // @ts-expect-error a field of another type
  _.Open({ owner: 1 }),
  // @ts-expect-error a missing field
  _.Pay({}),
  // @ts-expect-error an unknown command
  _.Withdraw({ amount: 1 }),
  // @ts-expect-error metadata is text
  _.Pay({ amount: 1 }, { metadata: { count: 1 } }),
  // @ts-expect-error a payload for a command that has none
  _.Balance({ amount: 1 })
])

// ------------------------------------------------------------------ the layers

const served = Wallet.layer(handlers)
hasType<Layer.Layer<Wallet, never, EntityHost.EntityHost | WalletJournal | Limits>>()(served)

class Other extends Context.Tag("Other")<Other, number>() {}
const builtByEffect = Wallet.layer(
  Effect.map(Other, (limit) =>
    Wallet.handlers({
      ...handlers,
      Open: (_, session) => Effect.as(session.append(new Opened({ owner: String(limit) })), true)
    })
  )
)
hasType<Layer.Layer<Wallet, never, EntityHost.EntityHost | WalletJournal | Other>>()(builtByEffect)
hasType<Layer.Layer<Wallet, never, EntityHost.EntityHost>>()(Wallet.layerClient)
hasType<Layer.Layer<WalletJournal>>()(WalletJournal.layerMemory)
hasType<Limits>()({} as EventSourced.HandlersContext<typeof handlers>)
hasType<never>()({} as never as EventSourced.HandlersContext<Pick<typeof handlers, "Pay" | "Balance">>)
hasType<Limits | Other>()(
  {} as EventSourced.HandlersContext<{
    A: () => Effect.Effect<1, 2, Limits>
    B: () => Effect.Effect<1, 2, Other>
    C: () => Effect.Effect<1>
  }>
)

export const inline = Wallet.layer({
  Open: ({ owner }, session) => {
    hasType<string>()(owner)
    hasType<EventSourced.Session<WalletState, WalletEvent>>()(session)
    return Effect.as(session.append(new Opened({ owner })), true)
  },
  Pay: EventSourced.decide(pay),
  Balance: () => Effect.succeed(1)
})

const { Balance: _balance, ...withoutBalance } = handlers
// @ts-expect-error a handler is missing
export const missing = Wallet.layer(withoutBalance)
// @ts-expect-error the answer is of another type
export const wrongAnswer = Wallet.layer({ ...handlers, Balance: () => Effect.succeed("1") })
// @ts-expect-error the rejection is not among the command's
export const wrongRejection = Wallet.layer({ ...handlers, Balance: () => new TooMuch({ limit: 1 }) })
// @ts-expect-error the decision rejects with what the command cannot
export const wrongDecision = Wallet.handlers({ ...handlers, Balance: EventSourced.decide(pay) })
export const foreignEvent = Wallet.layer({
  ...handlers,
  // @ts-expect-error an event of another journal
  Open: (_, session) => Effect.as(session.append(new Foreign()), true)
})

// ------------------------------------------------------------------ snapshots

const WalletStateSchema = Schema.Union(
  Schema.TaggedStruct("None", {}),
  Schema.TaggedStruct("Open", { balance: Schema.NumberFromString }),
  Schema.TaggedStruct("Closed", {})
)
const every = Snapshotting.every(100, { state: WalletStateSchema, version: 1 })
hasType<Snapshotting.Snapshotting<WalletState, SnapshotStore.SnapshotStore>>()(every)
const saving = { journal: WalletJournal, fold, protocol: [Rpc.make("Open")] } as const
class SavedWallet extends EventSourced.Tag<SavedWallet>()("SavedWallet", { ...saving, snapshots: every }) {}
const savedLayer = SavedWallet.layer({ Open: () => Effect.void })
hasType<Layer.Layer<SavedWallet, never, EntityHost.EntityHost | WalletJournal | SnapshotStore.SnapshotStore>>()(
  savedLayer
)
hasType<Layer.Layer<SavedWallet, never, EntityHost.EntityHost>>()(SavedWallet.layerClient)
class UnsavedWallet extends EventSourced.Tag<UnsavedWallet>()("UnsavedWallet", saving) {}
const unsavedLayer = UnsavedWallet.layer({ Open: () => Effect.void })
hasType<Layer.Layer<UnsavedWallet, never, EntityHost.EntityHost | WalletJournal>>()(unsavedLayer)
const ofAnotherState = Snapshotting.every(100, { state: Schema.String, version: 1 })
// @ts-expect-error the snapshots are of another state than the fold's
export const wronglySaved = EventSourced.Tag<SavedWallet>()("Wrong", { ...saving, snapshots: ofAnotherState })
hasType<Layer.Layer<SnapshotStore.SnapshotStore>>()(SnapshotStore.layerMemory)
hasType<Layer.Layer<SnapshotStore.SnapshotStore, never, KeyValueStore.KeyValueStore>>()(
  SnapshotStore.layerKeyValueStore
)

// ------------------------------------------------------------------ folds and journals

class Foreign extends Schema.TaggedClass<Foreign>()("Foreign", {}) {}
class ForeignJournal extends Journal.Tag<ForeignJournal>()("ForeignJournal", {
  event: Schema.Union(Foreign, Opened),
  tagging: Tagging.single("Foreign")
}) {}

hasType<Fold.Fold<WalletState, WalletEvent>>()(fold)
// @ts-expect-error a case is missing
export const partial = Fold.of(WalletEvent)<number>(0, { Opened: () => 0, Paid: (n, { amount }) => n + amount })
export const typed = Fold.of(WalletEvent)<number>(0, {
  Opened: () => 0,
  Paid: (n, event) => {
    hasType<Paid>()(event)
    return n + event.amount
  },
  // @ts-expect-error the state is of another type
  Closed: () => "closed"
})
export class ForeignWallet extends EventSourced.Tag<ForeignWallet>()("ForeignWallet", {
  journal: ForeignJournal,
  // @ts-expect-error the fold is over the events of another journal
  fold,
  protocol: [Rpc.make("Open")]
}) {}
export const appended = Effect.flatMap(WalletJournal, (_) => _.append("w-1", 0, [new Closed()]))
// @ts-expect-error the event is of another journal
export const appendedForeign = Effect.flatMap(WalletJournal, (_) => _.append("w-1", 0, [new Foreign()]))
// @ts-expect-error one journal is not another
export const wrongJournal: Layer.Layer<WalletJournal> = ForeignJournal.layerMemory
const untagged = { event: Schema.Struct({ a: Schema.String }), tagging: Tagging.single("Untagged") }
// @ts-expect-error the events of a journal have tags
export const untaggedJournal = Journal.Tag<ForeignJournal>()("Untagged", untagged)

// ------------------------------------------------------------------ processes

const process = Process.fromEffect(
  Effect.gen(function* () {
    const { epoch } = yield* ProcessContext.ProcessContext
    yield* Effect.addFinalizer(() => Effect.logDebug(epoch))
    return yield* (yield* Wallet)("w-1").Balance()
  })
)
hasType<Process.Process<never, ProcessContext.ProcessContext | Wallet>>()(process)
const plain = Process.fromEffect(Effect.never)
hasType<Process.Process>()(plain)

const deployed = DistributedProcessing.deploy("set", [process, process])
hasType<Layer.Layer<never, DistributedProcessing.StartError, DistributedProcessing.DistributedProcessing | Wallet>>()(
  deployed
)
const mixed = DistributedProcessing.deploy("set", [process, plain, Process.fromEffect(Limits)])
hasType<
  Layer.Layer<never, DistributedProcessing.StartError, DistributedProcessing.DistributedProcessing | Wallet | Limits>
>()(mixed)
const bare = DistributedProcessing.deploy("set", [plain])
hasType<Layer.Layer<never, DistributedProcessing.StartError, DistributedProcessing.DistributedProcessing>>()(bare)
const started = DistributedProcessing.start("set", [process])
hasType<
  Effect.Effect<
    KillSwitch.KillSwitch,
    Lease.DeploymentExists | Lease.DeploymentMismatch | Lease.ProcessLeaseError,
    DistributedProcessing.DistributedProcessing | Wallet | Scope.Scope
  >
>()(started)
// @ts-expect-error nobody but a host provides the context of a process
export const withoutHost: Effect.Effect<unknown, unknown, Wallet | Scope.Scope> = process

// ------------------------------------------------------------------ a program: only main says where it runs

const program = deployed.pipe(Layer.provideMerge(served), Layer.provide(Layer.succeed(Limits, { payment: 1 })))
hasType<
  Layer.Layer<
    Wallet,
    DistributedProcessing.StartError,
    DistributedProcessing.DistributedProcessing | EntityHost.EntityHost | WalletJournal
  >
>()(program)
const main = program.pipe(
  Layer.provide([EntityHost.layerLocal, DistributedProcessing.layerLocal, WalletJournal.layerMemory]),
  Layer.provide(ProcessLease.layerMemory)
)
hasType<Layer.Layer<Wallet, DistributedProcessing.StartError>>()(main)

// ------------------------------------------------------------------ given / when / then

const given = BehaviorSpec.given(Wallet, handlers, new Opened({ owner: "ann" }))
const opened = given.when("Open", { owner: "ann" })
hasType<Effect.Effect<BehaviorSpec.Outcome<boolean, never, WalletEvent>, never, Limits>>()(opened)
const paid = given.when("Pay", { amount: 1 })
hasType<Effect.Effect<BehaviorSpec.Outcome<void, NotOpen | TooMuch, WalletEvent>>>()(paid)
const decided = BehaviorSpec.given(fold, new Opened({ owner: "ann" })).when(pay, { amount: 1 })
hasType<Either.Either<ReadonlyArray<WalletEvent>, NotOpen | TooMuch>>()(decided)
declare const payOfText: (state: string, command: { readonly amount: number }) => ReturnType<typeof pay>
export const wrongSpecs = [
  // @ts-expect-error a history of another journal
  () => BehaviorSpec.given(Wallet, handlers, new Foreign()),
  // @ts-expect-error a history of another journal
  () => BehaviorSpec.given(fold, new Foreign()),
  // @ts-expect-error an unknown command
  () => given.when("Withdraw", { amount: 1 }),
  // @ts-expect-error the payload of another command
  () => given.when("Pay", { owner: "ann" }),
  // @ts-expect-error a decision on another state
  () => BehaviorSpec.given(fold).when(payOfText, { amount: 1 }),
  // @ts-expect-error an event that cannot happen
  () => decided.pipe(BehaviorSpec.thenEvents(new Foreign())),
  // @ts-expect-error a rejection that cannot be
  () => decided.pipe(BehaviorSpec.thenRejection(new Foreign())),
  // @ts-expect-error an answer of another type
  () => Effect.map(opened, BehaviorSpec.thenAnswer("yes"))
]

// ------------------------------------------------------------------ the suites: what a layer must provide

export const suites = () => {
  const { EarlierSuiteJournal, SuiteJournal } = JournalSuite
  JournalSuite.suite("memory", Layer.merge(SuiteJournal.layerMemory, EarlierSuiteJournal.layerMemory))
  // @ts-expect-error the journal of earlier code is missing
  JournalSuite.suite("half", SuiteJournal.layerMemory)
  // @ts-expect-error a layer of another journal
  JournalSuite.suite("another", WalletJournal.layerMemory)
  SnapshotStoreSuite.suite("memory", SnapshotStore.layerMemory)
  // @ts-expect-error a layer of another service
  SnapshotStoreSuite.suite("journal", WalletJournal.layerMemory)
  EntityHostSuite.suite("local", EntityHost.layerLocal)
  // @ts-expect-error the cluster is missing
  EntityHostSuite.suite("cluster", EntityHost.layerCluster)
  // @ts-expect-error the lease is missing
  DistributedProcessingSuite.suite("local", DistributedProcessing.layerLocal)
  // @ts-expect-error how time passes may use what the layer provides, and nothing else
  ProcessLeaseSuite.suite("memory", ProcessLease.layerMemory, { elapse: () => Effect.asVoid(Limits) })
}
