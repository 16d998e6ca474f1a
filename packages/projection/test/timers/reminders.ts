import { EntityEvent, Journal, Tagging } from "@aecor/core"
import { ProcessManager, Projection, Timers } from "@aecor/projection"
import { DateTime, Effect, Schema } from "effect"
import { Mail, OrderJournal } from "../managers/orders.js"

// What timers become when they are due: the events of a journal of their own.
export class ReminderJournal extends Journal.Tag<ReminderJournal>()("ReminderJournal", {
  event: Timers.Fired,
  tagging: Tagging.partitioned("Reminder", 4)
}) {}

// The process that sleeps until the next one is due.
export const reminders = Timers.firing("Reminders", { journal: ReminderJournal })

const Order = Schema.Struct({ customer: Schema.String, item: Schema.String })

// An order leads to a timer. The event may come again: the same timer again changes nothing.
export const plan = Projection.atLeastOnce("PlanReminders", {
  journal: OrderJournal,
  handle: (order) =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      yield* timers.schedule({
        name: reminders.name,
        id: order.id,
        due: DateTime.add(DateTime.unsafeMake(order.timestamp), { days: 3 }),
        payload: Order.make({ customer: order.key, item: order.event.item }),
        metadata: EntityEvent.causedBy(order)
      })
    })
})

// What a timer leads to is a reaction like any other.
export const remind = ProcessManager.make("Remind", {
  journal: ReminderJournal,
  react: ({ event }, send) =>
    Effect.gen(function* () {
      const { customer, item } = yield* Schema.decodeUnknown(Order)(event.payload)
      const mail = yield* Mail
      yield* send("tell", (options) => mail(customer).Tell({ text: `how do you like the ${item}?` }, options))
    })
})
