/** The entity that `EntityHostSuite` tests with: an account, in a journal in memory that can be told to misbehave. */
import { Rpc } from "@effect/rpc"
import { BigDecimal, Context, Effect, Layer, Logger, Queue, Schema, type Scope, Stream } from "effect"
import type { EntityHost } from "../../EntityHost.js"
import * as EventSourced from "../../EventSourced.js"
import * as Fold from "../../Fold.js"
import * as Journal from "../../Journal.js"
import type { InDoubt, JournalError, VersionConflict } from "../../JournalError.js"
import * as Tagging from "../../Tagging.js"
import * as Rewindable from "./rewindable.js"

export class Deposited extends Schema.TaggedClass<Deposited>()("Deposited", { amount: Schema.Int }) {}
export class Withdrawn extends Schema.TaggedClass<Withdrawn>()("Withdrawn", { amount: Schema.Int }) {}
const AccountEvent = Schema.Union(Deposited, Withdrawn)
type AccountEvent = typeof AccountEvent.Type

export class AccountJournal extends Journal.Tag<AccountJournal>()("AccountJournal", {
  event: AccountEvent,
  tagging: Tagging.partitioned("Account", 2)
}) {}

const fold = Fold.of(AccountEvent)<number>(0, {
  Deposited: (balance, { amount }) => balance + amount,
  Withdrawn: (balance, event) =>
    event.amount <= balance ? balance - event.amount : Fold.impossible(`withdrawn from ${balance}`, event)
})

export class Overdrawn extends Schema.TaggedError<Overdrawn>()("Overdrawn", {
  balance: Schema.BigDecimal,
  since: Schema.Date
}) {}
export class Unwanted extends Schema.TaggedError<Unwanted>()("Unwanted", {}) {}

export class Amounts extends Schema.Class<Amounts>("Amounts")({
  amounts: Schema.Array(Schema.Int),
  on: Schema.Date
}) {}
export class Summary extends Schema.Class<Summary>("Summary")({
  balance: Schema.Int,
  sequence: Schema.Int,
  on: Schema.Date
}) {}

export class Account extends EventSourced.Tag<Account>()("Account", {
  journal: AccountJournal,
  fold,
  protocol: [
    Rpc.make("Deposit", { payload: { amount: Schema.Int }, success: Schema.Int }),
    Rpc.make("DepositAll", { payload: Amounts, success: Summary }),
    Rpc.make("Withdraw", { payload: { amount: Schema.Int }, error: Overdrawn }),
    Rpc.make("Regret", { payload: { amount: Schema.Int }, error: Schema.Union(Unwanted, Overdrawn) }),
    Rpc.make("Crash", { payload: { amount: Schema.Int } }),
    Rpc.make("Linger", { payload: { amount: Schema.Int }, success: Schema.Int }),
    Rpc.make("Balance", { success: Schema.Int }),
    Rpc.make("Glance", { success: Schema.Int }).annotate(EventSourced.CachedRead, true)
  ]
}) {}

type Append = Effect.Effect<Journal.Appended, VersionConflict | JournalError | InDoubt>

/** What the suite sees and steers of a running account. */
export class Probe extends Context.Tag("@aecor/core/testing/Probe")<
  Probe,
  {
    /** How often handlers have run, how often an append was asked for, and how often a key was read. */
    readonly counts: { runs: number; appends: number; reads: number }
    /** The key or amount of what has come so far that it waits. */
    readonly entered: Queue.Queue<string>
    /** What `Linger` waits for. */
    readonly gate: Effect.Latch
    /** What becomes of an append. */
    readonly misbehave: (how: (append: Append, key: string, expected: number) => Append) => Effect.Effect<void>
    readonly behave: Effect.Effect<void>
    readonly appended: (append: Append, key: string, expected: number) => Append
    /** What has been logged as an error: the text, and what it is about. */
    readonly errors: Array<string>
  }
>() {}

const probe = Layer.effect(
  Probe,
  Effect.gen(function* () {
    const counts = { runs: 0, appends: 0, reads: 0 }
    const plain = (append: Append): Append => append
    let how: (append: Append, key: string, expected: number) => Append = plain
    return {
      counts,
      entered: yield* Queue.unbounded<string>(),
      gate: yield* Effect.makeLatch(false),
      misbehave: (next) => Effect.sync(() => void (how = next)),
      behave: Effect.sync(() => void (how = plain)),
      appended: (append, key, expected) =>
        Effect.suspend(() => {
          counts.appends += 1
          return how(append, key, expected)
        }),
      errors: []
    }
  })
)

/** Writes down the errors that are logged, wherever in the layer that stands on it. */
const listening = Layer.unwrapEffect(
  Effect.map(Probe, ({ errors }) =>
    Logger.add(
      Logger.make(({ annotations, logLevel, message }) => {
        if (logLevel._tag === "Error") errors.push(`${String(message)} ${JSON.stringify([...annotations])}`)
      })
    )
  )
)

/** The journal of memory behind the probe. `Ledger` is the same journal without it, for other writers. */
export class Ledger extends Context.Tag("@aecor/core/testing/Ledger")<Ledger, Rewindable.Rewindable<AccountEvent>>() {}

const ledger = Layer.scoped(Ledger, Rewindable.make(AccountJournal))

const probed = Layer.effect(
  AccountJournal,
  Effect.gen(function* () {
    const { appended, counts } = yield* Probe
    const journal = yield* Ledger
    return {
      ...journal,
      append: (key, expected, events, options) =>
        appended(journal.append(key, expected, events, options), key, expected),
      read: (key, from) =>
        Stream.suspend(() => {
          counts.reads += 1
          return journal.read(key, from)
        })
    }
  })
)

const handlers = Effect.map(Probe, ({ counts, entered, gate }) => {
  const ran = Effect.sync(() => void (counts.runs += 1))
  return Account.handlers({
    Deposit: ({ amount }, session) =>
      ran.pipe(Effect.zipRight(session.append(new Deposited({ amount }))), Effect.zipRight(session.state)),
    DepositAll: (command, session) =>
      Effect.gen(function* () {
        yield* ran
        if (!(command instanceof Amounts)) return yield* Effect.dieMessage("the command has lost its class")
        yield* session.append(...command.amounts.map((amount) => new Deposited({ amount })))
        return new Summary({ balance: yield* session.state, sequence: yield* session.sequence, on: command.on })
      }),
    Withdraw: ({ amount }, session) =>
      Effect.gen(function* () {
        yield* ran
        const balance = yield* session.state
        if (balance < amount) return yield* overdrawn(balance)
        yield* session.append(new Withdrawn({ amount }))
      }),
    Regret: ({ amount }, session) =>
      Effect.gen(function* () {
        yield* session.append(new Deposited({ amount }), new Deposited({ amount }))
        if ((yield* session.state) < 2 * amount) return yield* overdrawn(0)
        return yield* new Unwanted()
      }),
    Crash: ({ amount }, session) =>
      Effect.zipRight(session.append(new Deposited({ amount })), Effect.dieMessage("the handler is broken")),
    Linger: ({ amount }, session) =>
      Effect.gen(function* () {
        yield* entered.offer(String(amount))
        yield* gate.await
        yield* session.append(new Deposited({ amount }))
        return yield* session.state
      }),
    Balance: (_, session) => session.state,
    Glance: (_, session) => session.state
  })
})

export const since = new Date("2024-02-29T12:00:00.001Z")
const overdrawn = (balance: number) => new Overdrawn({ balance: BigDecimal.make(BigInt(balance), 0), since })

/** The account on a host, with everything around it. */
export const layerOn = <E>(host: Layer.Layer<EntityHost, E>) =>
  Account.layer(handlers).pipe(
    Layer.provideMerge(probed),
    Layer.provide(host),
    Layer.provide(listening),
    Layer.provideMerge(Layer.mergeAll(probe, ledger))
  )

/** What other writers see and do: the stored events of a key, and an append past the entity. */
export const stored = (key: string) =>
  Effect.flatMap(Ledger, (journal) => Effect.map(Stream.runCollect(journal.read(key, 1)), (_) => [..._]))

export const amounts = (key: string) => Effect.map(stored(key), (events) => events.map((_) => _.event.amount))

export const writeElsewhere = (key: string, expected: number, ...events: ReadonlyArray<AccountEvent>) =>
  Effect.flatMap(Ledger, (journal) => Effect.orDie(journal.append(key, expected, events)))

/** Registers a test with the account of the suite on the host under test. */
export type AccountTest = <E>(
  name: string,
  body: Effect.Effect<void, E, Account | AccountJournal | Probe | Ledger | Scope.Scope>
) => void

/** Registers a test with a client of the account on a host that does not serve it. */
export type ClientTest = <E>(name: string, body: Effect.Effect<void, E, Account | Scope.Scope>) => void
