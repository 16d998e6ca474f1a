import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, FastCheck, Schedule, TestClock } from "effect"
import * as Backoff from "../src/internal/backoff.js"
import { resolve } from "../src/internal/deploymentSettings.js"

/** The defaults. */
const backoff: Backoff.Backoff = {
  min: Duration.seconds(3),
  max: Duration.seconds(10),
  jitter: 0.2,
  resetAfter: Duration.minutes(1)
}
const anyRandom = FastCheck.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const anyEnds = FastCheck.integer({ min: 1, max: 10_000 })

describe("the backoff", () => {
  it("is by default 3 to 10 seconds, spread by a fifth, and counted anew after a minute", () => {
    expect(resolve({}).backoff).toEqual(backoff)
    expect(resolve({}).shutdownTimeout).toEqual(Duration.seconds(5))
  })

  it("refuses what makes no sense, by its name", () => {
    for (const jitter of [-0.1, 1.1, Number.NaN]) {
      expect(() => resolve({ backoff: { jitter } })).toThrow(
        new RangeError(`backoff.jitter is a number from 0 to 1, not ${jitter}`)
      )
    }
    expect(() => resolve({ silence: "2 seconds" })).toThrow(new RangeError("silence (2s) is shorter than 3s"))
    expect(resolve({ silence: "4 seconds" }).silence).toEqual(Duration.seconds(4))
    expect(() => resolve({ backoff: { min: "11 seconds" } })).toThrow(
      new RangeError("backoff.min (11s) is longer than backoff.max (10s)")
    )
  })

  it("doubles from the least to the greatest delay", () => {
    const middle = [1, 2, 3, 4, 40].map((ends) => Duration.toMillis(Backoff.delay(backoff, ends, 0.5)))
    expect(middle).toEqual([3000, 6000, 10_000, 10_000, 10_000])
  })

  it.prop("stays within the jitter of its bounds", [anyEnds, anyRandom], ([ends, random]) => {
    const millis = Duration.toMillis(Backoff.delay(backoff, ends, random))
    expect(millis).toBeGreaterThanOrEqual(2400)
    expect(millis).toBeLessThanOrEqual(12_000)
    if (ends === 1) expect(millis).toBeLessThanOrEqual(3600)
    if (ends > 2) expect(millis).toBeGreaterThanOrEqual(8000)
  })

  it.prop("never grows shorter with more ends", [anyEnds, anyRandom], ([ends, random]) => {
    const [one, next] = [Backoff.delay(backoff, ends, random), Backoff.delay(backoff, ends + 1, random)]
    expect(Duration.lessThanOrEqualTo(one, next)).toBe(true)
  })

  it("uses the whole of the jitter", () => {
    expect(Duration.toMillis(Backoff.delay(backoff, 1, 0))).toBeCloseTo(2400)
    expect(Duration.toMillis(Backoff.delay(backoff, 1, 1 - Number.EPSILON))).toBeCloseTo(3600)
    expect(Duration.toMillis(Backoff.delay({ ...backoff, jitter: 0 }, 1, 0.99))).toBe(3000)
  })

  it.prop(
    "counts ends in a row, and anew after a healthy run",
    [FastCheck.nat(), FastCheck.nat()],
    ([before, seconds]) => {
      const counted = Backoff.countEnds(backoff, before, Duration.seconds(seconds))
      expect(counted).toBe(seconds >= 60 ? 1 : before + 1)
    }
  )

  it.effect("waits as a schedule says, anew after a healthy run, and 10 seconds where it has ended", () =>
    Effect.gen(function* () {
      const schedule = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3))
      const { backoff: own } = resolve({ backoff: { schedule, resetAfter: "20 seconds" } })
      const wait = waitsOf(own)
      const seconds = []
      for (const ran of [0, 0, 0, 0, 0, 0, 20, 0]) seconds.push(yield* wait(Exit.void, ran))
      expect(seconds).toEqual([1, 2, 4, 10, 1, 2, 1, 2])
    })
  )

  it.effect("shows a schedule how the run has ended", () =>
    Effect.gen(function* () {
      const schedule = Schedule.identity<Exit.Exit<unknown, unknown>>().pipe(
        Schedule.addDelay((end) => (Exit.isSuccess(end) ? "1 minute" : "1 second"))
      )
      const wait = waitsOf(resolve({ backoff: { schedule } }).backoff)
      expect(yield* wait(Exit.void, 0)).toBe(60)
      expect(yield* wait(Exit.fail("broken"), 0)).toBe(1)
    })
  )
})

/** The waits in seconds, each of which is waited for. */
const waitsOf = (settings: Parameters<typeof Backoff.waits>[0]) => {
  const waits = Backoff.waits(settings)
  return (end: Exit.Exit<unknown, unknown>, ran: number) =>
    waits(end, Duration.seconds(ran)).pipe(Effect.tap(TestClock.adjust), Effect.map(Duration.toSeconds))
}
