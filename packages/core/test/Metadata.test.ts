import { EntityEvent, EntityHost } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { handlers, Limits, Opened, Wallet, WalletJournal } from "./fixtures/Wallet.js"

describe("the metadata of a reaction", () => {
  const event = (metadata: EntityEvent.Metadata): EntityEvent.EntityEvent<Opened> => ({
    id: "e-1",
    key: "w-1",
    sequence: 1,
    position: 1,
    timestamp: 0,
    metadata,
    event: new Opened({ owner: "ann" })
  })

  it("begins a story with the first event, and goes on with it", () => {
    const first = EntityEvent.causedBy(event({ "aecor.command": "c-1", other: "x" }))
    expect(first).toEqual({ correlationId: "e-1", causationId: "e-1" })
    expect(EntityEvent.causedBy({ ...event(first), id: "e-2" })).toEqual({ correlationId: "e-1", causationId: "e-2" })
  })
})

it.effect("a handler works in the trace of its command, not of its layer", () =>
  Effect.gen(function* () {
    const traces: Array<string> = []
    const served = Wallet.layer({ ...handlers, Open: () => Effect.map(trace, (id) => traces.push(id) > 0) }).pipe(
      Layer.provide([EntityHost.layerLocal, WalletJournal.layerMemory, Layer.succeed(Limits, { payment: 1 })])
    )
    const sent = Effect.gen(function* () {
      const wallet = yield* Wallet
      yield* wallet("w-1").Open({ owner: "ann" })
      return yield* trace
    }).pipe(Effect.withSpan("sender", { root: true }))
    const own = yield* sent.pipe(Effect.provide(served), Effect.withSpan("program"))
    expect(traces).toEqual([own])
  })
)

const trace = Effect.map(Effect.orDie(Effect.currentSpan), ({ traceId }) => traceId)
