/** What a program that fails says of it. */
import { SqlError } from "@effect/sql"
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, TestClock } from "effect"
import { describe as said, leavingWithin } from "../src/runMain.js"

const saidOf = (error: unknown): string => said(Cause.fail(error))

it("an error is told with what is behind it, and nothing twice", () => {
  const network = new Error("connect ECONNREFUSED 127.0.0.1:1")
  const client = new SqlError.SqlError({ message: "Failed to connect", cause: network })
  expect(saidOf(client)).toBe("Failed to connect: connect ECONNREFUSED 127.0.0.1:1")
  expect(saidOf(new Error("no database", { cause: client }))).toBe(
    "no database: Failed to connect: connect ECONNREFUSED 127.0.0.1:1"
  )
  expect(saidOf(new Error("refused (connect ECONNREFUSED 127.0.0.1:1)", { cause: network }))).toBe(
    "refused (connect ECONNREFUSED 127.0.0.1:1)"
  )
  const tried = new AggregateError([new Error("connect ECONNREFUSED ::1:1"), network])
  expect(saidOf(new Error("no database", { cause: tried }))).toBe("no database: connect ECONNREFUSED 127.0.0.1:1")
  expect(saidOf(new Error("odd", { cause: "a text" }))).toBe("odd: a text")
})

it("an error that is its own cause ends", () => {
  const circular = new Error("round")
  circular.cause = new Error("and round", { cause: circular })
  expect(saidOf(circular)).toBe("round: and round")
})

it("passwords in addresses are not told, in errors and in defects", () => {
  const error = new Error("cannot reach postgres://ann:s3cret@here/db or http://x:s3c@ret@there:1 or redis://:s3cret@h")
  for (const text of [saidOf(error), said(Cause.die(error)), saidOf(new Error("x", { cause: error }))]) {
    expect(text).toContain("postgres://ann:<redacted>@here/db or http://x:<redacted>@there:1 or redis://:<redacted>@h")
    expect(text).not.toContain("s3c")
  }
})

it.effect("a program that is interrupted may end in good order, for so long", () =>
  Effect.gen(function* () {
    const ends: Array<string> = []
    const ending = (name: string, end: Effect.Effect<void>) =>
      Effect.never.pipe(
        Effect.ensuring(
          Effect.zipRight(
            end,
            Effect.sync(() => ends.push(name))
          )
        ),
        leavingWithin("10 seconds"),
        Effect.fork
      )
    const programs = [yield* ending("slow", Effect.sleep("9 seconds")), yield* ending("stuck", Effect.never)]
    yield* Effect.yieldNow()
    yield* Effect.forEach(programs, Fiber.interruptFork)
    yield* TestClock.adjust("8 seconds")
    expect([ends, programs.map((program) => program.unsafePoll())]).toEqual([[], [null, null]])
    yield* TestClock.adjust("2 seconds")
    yield* Effect.forEach(programs, Fiber.await)
    expect(ends).toEqual(["slow"])
  })
)

it.effect("a program that ends by itself ends as it does", () =>
  Effect.gen(function* () {
    expect(yield* leavingWithin("1 second")(Effect.succeed(1))).toBe(1)
    expect(yield* Effect.exit(leavingWithin("1 second")(Effect.fail("no")))).toEqual(Exit.fail("no"))
  })
)
