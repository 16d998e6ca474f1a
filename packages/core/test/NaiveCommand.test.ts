// A command whose answer is lost is sent again, and counts once; and what becomes of it where the journal forgets its id.
import { EntityHost, type Journal } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { handlers, Limits, Wallet, type WalletEvent, WalletJournal } from "./fixtures/Wallet.js"

type Wallets = Journal.Journal<WalletEvent>

/** The events after a payment whose node stored it and died before it answered, sent again to the node that follows. */
const paidTwice = (rule: (journal: Wallets) => Wallets) =>
  Effect.gen(function* () {
    const journal = yield* WalletJournal
    const node = Wallet.layer(handlers).pipe(
      Layer.provide(EntityHost.layerLocal),
      Layer.provide(Layer.succeed(WalletJournal, rule(journal))),
      Layer.provide(Layer.succeed(Limits, { payment: 1000 }))
    )
    const onNode = <A, E>(command: Effect.Effect<A, E, Wallet>) => Effect.provide(command, Layer.fresh(node))
    const pay = Effect.flatMap(Wallet, (wallet) => wallet("w").Pay({ amount: 5 }, { commandId: "c-1" }))
    yield* onNode(Effect.flatMap(Wallet, (wallet) => wallet("w").Open({ owner: "ann" })))
    yield* onNode(pay)
    yield* onNode(pay)
    return [...(yield* Stream.runCollect(journal.read("w", 1)))].map(({ event }) => event._tag)
  }).pipe(Effect.provide(WalletJournal.layerMemory))

it.effect("a command that is sent again to another node counts once", () =>
  Effect.gen(function* () {
    expect(yield* paidTwice((journal) => journal)).toEqual(["Opened", "Paid"])
  })
)

it.effect("and without its id beside the events it counts twice", () =>
  Effect.gen(function* () {
    const forgetful = (journal: Wallets): Wallets => ({
      ...journal,
      append: (key, expected, events, { lastId } = {}) => journal.append(key, expected, events, { lastId })
    })
    expect(yield* paidTwice(forgetful)).toEqual(["Opened", "Paid", "Paid"])
  })
)
