import { DistributedProcessing } from "@aecor/core"
import { Effect, Layer } from "effect"
import { Account, Accounts } from "./account.js"
import { Balances, balances } from "./balances.js"

// What runs, and nothing of where: the entity, and one process for each of the journal's four tags.
export const App = DistributedProcessing.deploy(balances.name, balances.processes).pipe(Layer.provideMerge(Accounts))

// A command answers with a receipt; the view is asked when it has seen it.
export const program = Effect.gen(function* () {
  const account = yield* Account
  const view = yield* Balances
  yield* account("alice").Deposit({ amount: 100 })
  const refused = yield* Effect.flip(account("alice").Withdraw({ amount: 500 }))
  const receipt = yield* account.receipts("alice").Withdraw({ amount: 30 })
  yield* view.awaitReceipt(receipt, "5 seconds")
  return { refused, row: yield* view.get("alice") }
})
