import { Committable } from "@aecor/projection"
import { Effect, Stream } from "effect"
import { OrderJournal } from "./orders.js"

// Pages are sent four at once, and committed in their order: what was not comes again, under the same ids.
export const copies = <X, R>(send: (ids: ReadonlyArray<string>) => Effect.Effect<void, X, R>) =>
  Committable.consume("Copies", {
    journal: OrderJournal,
    consume: (pages) =>
      pages.pipe(
        Stream.mapEffect((page) => Effect.as(send(page.value.map(({ id }) => id)), page), { concurrency: 4 }),
        Stream.mapEffect(({ commit }) => commit)
      )
  })
