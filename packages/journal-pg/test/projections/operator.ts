import { Lag } from "@aecor/projection"
import { Console, Effect, Layer } from "effect"
import { OrderJournal, orders } from "./orders.js"

export const report = Effect.gen(function* () {
  for (const { attempts, cause, key, position } of yield* orders.quarantine.entries) {
    yield* Console.log(`${key} waits at position ${position}, tried ${attempts} times: ${cause}`)
  }
  const { events, quarantined, seconds } = yield* Lag.of(OrderJournal, orders)
  yield* Console.log(`${events} events behind, the first for ${seconds} s; ${quarantined} orders set aside`)
})

// After the code was mended: one order, or all of them.
export const mended = (key?: string) => orders.quarantine.retry(key)

export const Gauges = Layer.scopedDiscard(Effect.forkScoped(Lag.metrics(OrderJournal, orders)))
