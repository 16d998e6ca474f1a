import { Effect, Schedule } from "effect"
import { Cart } from "./cart.js"

// Rejections are the command's own; of everything else there is one error, and sending again is safe under the same id.
export const buy = (cartId: string, article: string, click: string) =>
  Effect.gen(function* () {
    const cart = (yield* Cart)(cartId)
    const cents = yield* cart.Add({ article }, { commandId: `${click}/add`, metadata: { channel: "web" } })
    yield* cart.CheckOut(undefined, { commandId: `${click}/check-out` })
    return cents
  }).pipe(
    Effect.retry({
      times: 3,
      schedule: Schedule.exponential("100 millis"),
      while: ({ _tag }) => _tag === "CommandFailed"
    }),
    Effect.catchTag("CartIsEmpty", () => Effect.succeed(0))
  )
