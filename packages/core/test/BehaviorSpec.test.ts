import { BehaviorSpec } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Either, Exit, TestClock } from "effect"
import { Closed, handlers, Limits, NotOpen, Opened, Paid, pay, fold, TooMuch, Wallet } from "./fixtures/Wallet.js"

const { given, thenAnswer, thenEvents, thenRejection } = BehaviorSpec

const opened = new Opened({ owner: "ann" })
const at = DateTime.unsafeMake("2024-02-29T12:00:00Z")
const paid = (amount: number) => new Paid({ amount, at })

describe("a history and a pure decision", () => {
  it("gives the events of an accepted command", () => {
    const decided = given(fold, opened).when(pay, { amount: 5 }, at)
    expect(decided).toEqual(Either.right([paid(5)]))
    decided.pipe(thenEvents(paid(5)))
  })

  it("gives the rejection", () => {
    given(fold).when(pay, { amount: 5 }).pipe(thenRejection(new NotOpen()))
    given(fold, opened)
      .when(pay, { amount: 1001 })
      .pipe(thenRejection(new TooMuch({ limit: 1000 })))
  })

  it("tells an accepted command without events from a rejected one", () => {
    given(fold, opened).when(pay, { amount: 0 }).pipe(thenEvents())
    expect(() => given(fold).when(pay, { amount: 0 }).pipe(thenEvents())).toThrow("to deeply equal")
    expect(() => given(fold, opened).when(pay, { amount: 5 }).pipe(thenRejection(new NotOpen()))).toThrow(
      "to deeply equal"
    )
  })

  it("finds a wrong event, a wrong rejection and a wrong answer", () => {
    expect(() =>
      given(fold, opened)
        .when(pay, { amount: 5 }, at)
        .pipe(thenEvents(paid(6)))
    ).toThrow("to deeply equal")
    expect(() =>
      given(fold)
        .when(pay, { amount: 5 })
        .pipe(thenRejection(new TooMuch({ limit: 1 })))
    ).toThrow("to deeply equal")
    expect(() => thenAnswer(1)({ events: [], exit: Exit.succeed(2) })).toThrow("to deeply equal")
  })

  it("knows the state of the history", () => {
    expect(given(fold, opened, paid(3), paid(4)).state).toEqual({ _tag: "Open", balance: 7 })
  })

  it("refuses a history that cannot be", () => {
    expect(() => given(fold, opened, new Closed(), paid(1))).toThrow("paid while Closed")
  })
})

describe("a history and an entity's handlers", () => {
  const provided = Effect.provideService(Limits, { payment: 10 })

  it.effect("give the events and the answer", () =>
    Effect.gen(function* () {
      const outcome = yield* given(Wallet, handlers).when("Open", { owner: "ann" })
      expect(outcome).toEqual({ events: [opened], exit: Exit.succeed(true) })
      thenEvents(opened)(outcome)
      thenAnswer(true)(outcome)
    }).pipe(provided)
  )

  it.effect("give the rejection, and no events", () =>
    given(Wallet, handlers)
      .when("Pay", { amount: 5 })
      .pipe(Effect.map(thenRejection(new NotOpen())))
  )

  it.effect("decide at the time of the clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(at.epochMillis)
      yield* given(Wallet, handlers, opened)
        .when("Pay", { amount: 5 })
        .pipe(Effect.map(thenEvents(paid(5))))
    })
  )

  it.effect("show a defect as it is", () =>
    Effect.gen(function* () {
      const outcome = yield* given(Wallet, handlers).when("Open", { owner: "ann" })
      expect(() => thenEvents()(outcome)).toThrow("a negative limit")
      expect(outcome.events).toEqual([])
    }).pipe(Effect.provideService(Limits, { payment: -1 }))
  )

  it.effect("see what the same command has appended, and lose it with a rejection", () =>
    Effect.gen(function* () {
      const careless = {
        ...handlers,
        Pay: (_: { readonly amount: number }, session: Parameters<typeof handlers.Pay>[1]) =>
          Effect.gen(function* () {
            yield* session.append(paid(1), paid(2))
            expect(yield* session.state).toEqual({ _tag: "Open", balance: 3 })
            expect(yield* session.sequence).toBe(3)
            return yield* new TooMuch({ limit: 0 })
          })
      }
      const outcome = yield* given(Wallet, careless, opened).when("Pay", { amount: 3 })
      expect(outcome).toEqual({ events: [], exit: Exit.fail(new TooMuch({ limit: 0 })) })
    })
  )
})
