import { EventSourced } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Either, FastCheck, TestClock } from "effect"

describe("a lifted decision", () => {
  it.effect.prop(
    "appends what is decided of the state, the command and the time",
    { state: FastCheck.integer(), command: FastCheck.string(), now: FastCheck.nat() },
    ({ command, now, state }) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const { session, appended } = sessionOf(state)
        const handler = EventSourced.decide((s: number, c: string, at: DateTime.Utc) =>
          Either.right([{ s, c, at: DateTime.toEpochMillis(at) }, "second"])
        )
        expect(yield* handler(command, session)).toBeUndefined()
        expect(appended).toEqual([{ s: state, c: command, at: now }, "second"])
      })
  )

  it.effect("fails with the rejection, and appends nothing", () =>
    Effect.gen(function* () {
      const { session, appended } = sessionOf(1)
      const handler = EventSourced.decide((s: number, c: string) => Either.left(`${c} refused at ${s}`))
      expect(yield* Effect.flip(handler("go", session))).toBe("go refused at 1")
      expect(appended).toEqual([])
    })
  )

  it.effect("may decide that nothing happens", () =>
    Effect.gen(function* () {
      const { session, appended } = sessionOf(1)
      yield* EventSourced.decide(() => Either.right([]))("go", session)
      expect(appended).toEqual([])
    })
  )
})

const sessionOf = (state: number) => {
  const appended: Array<unknown> = []
  const session: EventSourced.Session<number, unknown> = {
    state: Effect.succeed(state),
    sequence: Effect.succeed(0),
    append: (...events) => Effect.sync(() => void appended.push(...events))
  }
  return { session, appended }
}
