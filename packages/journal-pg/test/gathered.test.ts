/** Questions that are asked together. */
import { expect, it } from "@effect/vitest"
import { Array, Deferred, Effect, Exit, Fiber } from "effect"
import * as Gathered from "../src/internal/gathered.js"

interface Question {
  readonly key: string
  readonly nth: number
}

const settled = Effect.repeatN(Effect.yieldNow(), 50)

/** Answers with what was asked, one asking at a time as the test says. */
const library = Effect.gen(function* () {
  const askings: globalThis.Array<{
    readonly keys: ReadonlyArray<string>
    readonly answer: Deferred.Deferred<void, string>
  }> = []
  const ask = yield* Gathered.make({
    most: 10,
    atOnce: 2,
    ask: (questions: ReadonlyArray<Question>) =>
      Effect.gen(function* () {
        const answer = yield* Deferred.make<void, string>()
        askings.push({ keys: questions.map(({ key }) => key), answer })
        yield* Deferred.await(answer)
        return questions.map(({ key, nth }) => `${key}:${nth}`)
      })
  })
  const asked = (key: string, nth = 0) => Effect.fork(ask({ key, nth }))
  const finish = (nth: number, exit: Exit.Exit<void, string> = Exit.void) =>
    Effect.flatMap(Effect.fromNullable(askings[nth]), ({ answer }) =>
      Effect.zipRight(Deferred.done(answer, exit), settled)
    )
  return { asked, askings, finish }
})

it.effect("who comes while questions are on their way goes with the others in the next asking, in order", () =>
  Effect.gen(function* () {
    const { asked, askings, finish } = yield* library
    const alone = Array.make(yield* asked("a"), yield* asked("b"))
    yield* settled
    const together = yield* Effect.forEach(Array.range(1, 13), (n) => asked(`k${n}`, n))
    yield* settled
    expect(askings.map(({ keys }) => keys)).toEqual([["a"], ["b"]])
    yield* finish(0)
    expect(yield* Fiber.join(Array.headNonEmpty(alone))).toBe("a:0")
    expect(askings[2]?.keys).toEqual(Array.range(1, 10).map((n) => `k${n}`))
    yield* finish(1)
    expect(askings[3]?.keys).toEqual(["k11", "k12", "k13"])
    yield* finish(3)
    yield* finish(2)
    expect(yield* Effect.forEach(together, Fiber.join)).toEqual(Array.range(1, 13).map((n) => `k${n}:${n}`))
    expect(askings.length).toBe(4)
  })
)

it.effect("of each key there is one question in an asking", () =>
  Effect.gen(function* () {
    const { asked, askings, finish } = yield* library
    yield* asked("first")
    yield* asked("second")
    yield* settled
    const [one, other] = [yield* asked("a", 1), yield* asked("a", 2)]
    yield* asked("b")
    yield* settled
    yield* finish(0)
    yield* finish(1)
    expect(askings.slice(2).map(({ keys }) => keys)).toEqual([["a", "b"], ["a"]])
    yield* finish(3)
    yield* finish(2)
    expect([yield* Fiber.join(one), yield* Fiber.join(other)]).toEqual(["a:1", "a:2"])
  })
)

it.effect("who goes away takes the asking from none of the others, and is not asked for when it waits", () =>
  Effect.gen(function* () {
    const { asked, askings, finish } = yield* library
    const [gone, stays] = [yield* asked("gone"), yield* asked("stays")]
    yield* settled
    const waiting = yield* asked("waits")
    const left = yield* asked("left")
    yield* settled
    yield* Fiber.interruptAll([gone, left])
    yield* finish(0)
    expect(askings.slice(2).map(({ keys }) => keys)).toEqual([["waits"]])
    yield* finish(1)
    yield* finish(2)
    expect([yield* Fiber.join(stays), yield* Fiber.join(waiting)]).toEqual(["stays:0", "waits:0"])
  })
)

it.effect("an asking that fails, fails for all that were in it, and the next one does not", () =>
  Effect.gen(function* () {
    const { asked, finish } = yield* library
    const [failing, other] = [yield* asked("failing"), yield* asked("other")]
    yield* settled
    const next = yield* asked("next")
    yield* settled
    yield* finish(0, Exit.fail("the server is away"))
    expect(yield* Effect.flip(Fiber.join(failing))).toBe("the server is away")
    yield* finish(1)
    yield* finish(2)
    expect([yield* Fiber.join(other), yield* Fiber.join(next)]).toEqual(["other:0", "next:0"])
  })
)

it.effect("questions that cannot even be put are a defect of those in the asking, and of nobody after them", () =>
  Effect.gen(function* () {
    const ask = yield* Gathered.make({
      most: 10,
      atOnce: 1,
      ask: (questions: ReadonlyArray<Question>) => {
        if (questions.some(({ nth }) => nth < 0)) throw new RangeError("not a number of these")
        return Effect.succeed(questions.map(({ key }) => key))
      }
    })
    expect(Exit.isFailure(yield* Effect.exit(ask({ key: "a", nth: -1 })))).toBe(true)
    expect(yield* ask({ key: "b", nth: 1 })).toBe("b")
  })
)

it.effect("one that hangs holds up only those that are in it", () =>
  Effect.gen(function* () {
    const { asked, finish } = yield* library
    const hangs = yield* asked("hangs")
    yield* settled
    for (const n of Array.range(1, 3)) {
      const served = yield* asked(`k${n}`)
      yield* settled
      yield* finish(n)
      expect(yield* Fiber.join(served)).toBe(`k${n}:0`)
    }
    expect(hangs.unsafePoll()).toBeNull()
    yield* finish(0)
    expect(yield* Fiber.join(hangs)).toBe("hangs:0")
  })
)
