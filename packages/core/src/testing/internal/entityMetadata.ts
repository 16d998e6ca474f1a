/** The part of `EntityHostSuite` about what is stored beside a command's events: the caller's metadata and its trace. */
import { expect } from "@effect/vitest"
import { Effect, Tracer } from "effect"
import { Account, type AccountTest, Probe, since, stored } from "./account.js"
import { answered, defectOf } from "./patience.js"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

/** Sends as part of a trace that has begun elsewhere. */
const within = (sampled: boolean) => Effect.withParentSpan(Tracer.externalSpan({ traceId, spanId, sampled }))

const metadata = (key: string) => Effect.map(stored(key), (events) => events.map((event) => event.metadata))

export const accompanied = (it: AccountTest): void => {
  it(
    "stores what the caller says beside a command with each of its events",
    Effect.gen(function* () {
      const account = yield* Account
      const said = { correlationId: "order 7", 'any "key" ü': "any 🙂 text", empty: "" }
      yield* answered(account("a").DepositAll({ amounts: [1, 2], on: since }, { commandId: "c-1", metadata: said }))
      yield* answered(account("a").Deposit({ amount: 3 }))
      const [first, second, third] = yield* metadata("a")
      expect(first).toMatchObject({ ...said, "aecor.command": "c-1" })
      expect(second).toEqual(first)
      expect(Object.keys(third ?? {}).every((key) => key.startsWith("aecor."))).toBe(true)
    })
  )

  it(
    "refuses metadata under a key of the library, and names the key",
    Effect.gen(function* () {
      const account = yield* Account
      const refused = account("a").Deposit({ amount: 1 }, { metadata: { "aecor.reply": "2" } })
      expect(yield* defectOf(answered(refused))).toContain("aecor.reply")
      expect((yield* Probe).counts.runs).toBe(0)
    })
  )

  it(
    "stores the trace of whoever sends, where it is sampled",
    Effect.gen(function* () {
      const account = yield* Account
      const deposit = answered(account("a").Deposit({ amount: 1 }))
      yield* within(true)(deposit)
      yield* within(false)(deposit)
      yield* deposit
      const own = yield* Effect.withSpan("sender")(Effect.zipLeft(Effect.currentSpan, deposit))
      const traces = (yield* metadata("a")).map((_) => _["traceparent"])
      const sent = `00-${own.traceId}-${own.spanId}-01`
      expect(traces).toEqual([`00-${traceId}-${spanId}-01`, undefined, undefined, sent])
    })
  )

  it(
    "leaves a trace alone that the caller has given",
    Effect.gen(function* () {
      const account = yield* Account
      const given = { traceparent: "00-11111111111111111111111111111111-2222222222222222-00" }
      yield* within(true)(answered(account("a").Deposit({ amount: 1 }, { metadata: given })))
      expect((yield* metadata("a"))[0]).toMatchObject(given)
    })
  )
}
