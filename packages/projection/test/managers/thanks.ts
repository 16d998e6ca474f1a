import { ProcessManager } from "@aecor/projection"
import { Effect } from "effect"
import { Mail, OrderJournal } from "./orders.js"

export const thanks = ProcessManager.make("Thanks", {
  journal: OrderJournal,
  react: ({ event, key }, send) =>
    Effect.gen(function* () {
      const mail = yield* Mail
      yield* send("thank", (options) => mail(key).Tell({ text: `thank you for the ${event.item}` }, options))
    })
})
