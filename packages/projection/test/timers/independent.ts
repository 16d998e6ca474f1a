import { FailurePolicy, Projection } from "@aecor/projection"
import { Effect, Schedule } from "effect"
import { Mail } from "../managers/orders.js"
import { ReminderJournal } from "./reminders.js"

export const tell = Projection.atLeastOnce("Tell", {
  journal: ReminderJournal,
  handle: ({ event, id }) =>
    Effect.flatMap(Mail, (mail) => mail("office").Tell({ text: `${event.id} is due` }, { commandId: `Tell/${id}` })),
  // a timer that cannot be handled is set aside, and tried again; the others go on
  onFailure: FailurePolicy.quarantine({ retry: Schedule.spaced("1 minute") })
})
