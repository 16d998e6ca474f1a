import { EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { Rpc } from "@effect/rpc"
import { Either, Schema } from "effect"

// What can happen. Names and fields are the storage format.
class Deposited extends Schema.TaggedClass<Deposited>()("Deposited", { amount: Schema.Int }) {}
class Withdrawn extends Schema.TaggedClass<Withdrawn>()("Withdrawn", { amount: Schema.Int }) {}
const AccountEvent = Schema.Union(Deposited, Withdrawn)

// What can be refused.
export class Overdrawn extends Schema.TaggedError<Overdrawn>()("Overdrawn", { balance: Schema.Int }) {}

// Where the events are kept, and how they are shared out to processes: four tags, by a hash of the key.
export class AccountJournal extends Journal.Tag<AccountJournal>()("AccountJournal", {
  event: AccountEvent,
  tagging: Tagging.partitioned("Account", 4)
}) {}

// The entity: state from events, commands with their rejections.
export class Account extends EventSourced.Tag<Account>()("Account", {
  journal: AccountJournal,
  fold: Fold.of(AccountEvent)<number>(0, {
    Deposited: (balance, { amount }) => balance + amount,
    Withdrawn: (balance, { amount }) => balance - amount
  }),
  protocol: [
    Rpc.make("Deposit", { payload: { amount: Schema.Int } }),
    Rpc.make("Withdraw", { payload: { amount: Schema.Int }, error: Overdrawn })
  ]
}) {}

// The decisions: pure functions from state and command to events, or to a rejection.
export const Accounts = Account.layer({
  Deposit: EventSourced.decide((_, { amount }) => Either.right([new Deposited({ amount })])),
  Withdraw: EventSourced.decide((balance, { amount }) =>
    amount > balance ? Either.left(new Overdrawn({ balance })) : Either.right([new Withdrawn({ amount })])
  )
})
