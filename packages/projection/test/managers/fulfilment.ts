import { ProcessManager, ViewStore } from "@aecor/projection"
import { Effect, Either, Schema } from "effect"
import { Mail, OrderJournal, Stock } from "./orders.js"

const State = Schema.Literal("Asked", "Taken", "Refused")
const Command = Schema.Union(
  Schema.TaggedStruct("Take", { item: Schema.String, customer: Schema.String }),
  Schema.TaggedStruct("Tell", { text: Schema.String, customer: Schema.String })
)

export class Fulfilments extends ViewStore.Tag<Fulfilments>()("fulfilments", {
  row: ProcessManager.row(State, Command)
}) {}

export const fulfilment = ProcessManager.withState("Fulfilment", {
  journal: OrderJournal,
  states: Fulfilments,
  react: (_, { event: { item }, key: customer }) => ProcessManager.next("Asked", { _tag: "Take", item, customer }),
  send: (command, options) =>
    Effect.gen(function* () {
      if (command._tag === "Take") yield* (yield* Stock)(command.item).Take(undefined, options)
      else yield* (yield* Mail)(command.customer).Tell({ text: command.text }, options)
    }),
  settle: (state, command, outcome) => {
    if (command._tag === "Tell") return ProcessManager.next(state)
    if (Either.isRight(outcome)) return ProcessManager.next("Taken")
    const { customer, item } = command
    // stored before it is sent: whatever crashes, the customer hears it once
    return ProcessManager.next("Refused", { _tag: "Tell", customer, text: `no ${item} is left` })
  }
})
