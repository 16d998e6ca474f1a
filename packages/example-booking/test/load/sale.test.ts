/** A small sale over HTTP, and its checks: on the application as it is, and with each of the defects that they look for. */
import { FetchHttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Array as Arr, Effect } from "effect"
import { Server } from "../../src/http/Server.js"
import * as Evidence from "../../src/load/Evidence.js"
import * as Plan from "../../src/load/Plan.js"
import * as Report from "../../src/load/Report.js"
import * as Sale from "../../src/load/Sale.js"
import * as Front from "../../src/run/front.js"
import { applications } from "./defects.js"

/** Of its first twelve customers several want the same seats, and keep them. */
const options: Plan.Options = { bookings: 40, concerts: 1, seats: 10, rate: undefined, seed: 89 }

describe("a plan", () => {
  it.effect("is the same for the same seed, and another one for another", () =>
    Effect.gen(function* () {
      const [plan, again, other] = yield* Effect.all([
        Plan.make(options),
        Plan.make(options),
        Plan.make({ ...options, seed: 90 })
      ])
      expect(again).toEqual(plan)
      expect(other).not.toEqual(plan)
    })
  )

  it.effect("has customers of every kind, who want seats that there are, and many of them the same", () =>
    Effect.gen(function* () {
      const plan = yield* Plan.make({ ...options, bookings: 1000, concerts: 2, seats: 4 })
      expect(new Set(plan.map(({ intention }) => intention)).size).toBe(7)
      expect(new Set(plan.map(({ concertId }) => concertId)).size).toBe(2)
      const seats = plan.flatMap((customer) => customer.seats)
      expect(seats.every(({ number, row }) => row >= 1 && row <= 30 && number >= 1 && number <= 50)).toBe(true)
      expect(new Set(plan.map((customer) => customer.seats.length))).toEqual(new Set([1, 2, 3, 4]))
      const front = seats.filter(({ row }) => row <= 3)
      expect(front.length).toBeGreaterThan(seats.length / 5)
    })
  )

  it.effect("at a rate begins with a rush; without one all are there at the opening", () =>
    Effect.gen(function* () {
      const atOnce = yield* Plan.make(options)
      expect(atOnce.every(({ arrives }) => arrives === 0)).toBe(true)
      const [rush, others] = Arr.splitAt(yield* Plan.make({ ...options, bookings: 1000, rate: 100 }), 200)
      expect(rush.every(({ arrives }) => arrives === 0)).toBe(true)
      // 800 customers at 100 a second
      expect(others.at(-1)?.arrives).toBeGreaterThan(6000)
      expect(others.at(-1)?.arrives).toBeLessThan(10_000)
    })
  )
})

describe("a sale", () => {
  it.scopedLive("is without fault where the application is, and everybody is answered", () =>
    Effect.gen(function* () {
      const { evidence, sale, wrong } = yield* sold("none")
      expect(wrong).toEqual({ seatsSoldTwice: 0, paymentsLost: 0, viewsWrong: 0 })
      expect([sale.bookings.length, evidence.rows.size]).toEqual([40, 40])
      expect(sale.commands.count()).toBeGreaterThan(sale.bookings.length)
      const statuses = [...evidence.rows.values()].flatMap((row) => Arr.map(Arr.fromOption(row), (_) => _.status))
      expect(new Set(statuses)).toEqual(new Set(["Settled", "Denied", "Cancelled", "Confirmed"]))
      expect(new Set([...evidence.payments.values()].map(({ state }) => state))).toEqual(new Set(["taken", "refused"]))
    })
  )

  it.scopedLive.each(["seats", "payments", "views"] as const)("tells that something is wrong with the %s", (defect) =>
    Effect.gen(function* () {
      const { wrong } = yield* sold(defect, 12)
      const { paymentsLost, seatsSoldTwice, viewsWrong } = wrong
      expect({ seats: seatsSoldTwice > 0, payments: paymentsLost > 0, views: viewsWrong > 0 }).toEqual({
        seats: defect === "seats",
        payments: defect === "payments",
        views: defect === "views"
      })
    })
  )
})

/** A sale by the application with that defect, and what is said of it afterwards. */
function sold(defect: keyof typeof applications, bookings = options.bookings) {
  return Effect.gen(function* () {
    const server = yield* Server
    const front = yield* Front.make(() => [server])
    const customers = yield* Plan.make({ ...options, bookings })
    const sale = Sale.make()
    yield* Sale.sell(sale, { front, customers, concurrency: 8, run: "test" })
    const evidence = yield* Evidence.gather(front, sale.bookings, sale.payments)
    return { sale, evidence, wrong: Report.wrong(sale, evidence) }
  }).pipe(Effect.provide([applications[defect], FetchHttpClient.layer]))
}
