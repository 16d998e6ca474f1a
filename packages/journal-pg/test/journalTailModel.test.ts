// The tail against a model: whatever happens in whatever order, a live reader sees its tag's events after its start, all of
// them and in order, or ends with an error that something has given reason for.
import type { JournalError } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, FastCheck, Fiber, type Scope, Stream, TestClock } from "effect"
import { type Question, scene, tagOf } from "./fixtures/tail.js"

const partitions = 3
const partition = FastCheck.nat(partitions - 1)

/** What may happen. Each is settled before the next: what is still on its way then is what `Hold` holds back. */
type Step =
  /** So many events, of one partition after the other, and a notification of them or none. */
  | { readonly _tag: "Store"; readonly count: number; readonly tell: boolean }
  /** A notification of a position that is not there yet; or some may have been missed. */
  | { readonly _tag: "Tell"; readonly beyond: number | undefined }
  | { readonly _tag: "Poll" }
  /** A reader from a place before the end, or after it; a slow one handles what it got a `GoOn`. */
  | { readonly _tag: "Join"; readonly partition: number; readonly back: number; readonly slow: boolean }
  | { readonly _tag: "GoOn" }
  | { readonly _tag: "Leave"; readonly reader: number }
  /** The last events are lost, and some time goes by in which nobody is served. */
  | { readonly _tag: "Restore"; readonly lost: number; readonly more: number }
  /** The storage does not answer while the tail asks. */
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Hold"; readonly what: Question }
  | { readonly _tag: "Release" }

/** A kind of step, so many times as likely as the rarest. */
const kind = <T extends Step["_tag"], F>(
  weight: number,
  tag: T,
  fields: { readonly [K in keyof F]: FastCheck.Arbitrary<F[K]> }
) => ({ weight, arbitrary: FastCheck.record(fields).map((values) => ({ _tag: tag, ...values })) })

const anyStep: FastCheck.Arbitrary<Step> = FastCheck.oneof(
  kind(9, "Store", { count: FastCheck.integer({ min: 1, max: 15 }), tell: FastCheck.boolean() }),
  kind(1, "Tell", { beyond: FastCheck.constantFrom(3, undefined) }),
  kind(2, "Poll", {}),
  kind(5, "Join", { partition, back: FastCheck.integer({ min: -2, max: 60 }), slow: FastCheck.boolean() }),
  kind(4, "GoOn", {}),
  kind(2, "Leave", { reader: FastCheck.nat(5) }),
  kind(1, "Restore", { lost: FastCheck.nat(30), more: FastCheck.nat(40) }),
  kind(1, "Fail", {}),
  kind(3, "Hold", { what: FastCheck.constantFrom<Question[]>("head", "between", "page") }),
  kind(3, "Release", {})
)

it.effect.prop(
  "readers see their tag's events in order, or an error, in whatever order things happen",
  [FastCheck.array(anyStep, { minLength: 5, maxLength: 50 })],
  ([steps]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const world = yield* newWorld
        for (const step of steps) yield* Effect.zipRight(world.perform(step), settled)
        yield* world.finish
        world.check()
      })
    ),
  { timeout: 120_000, fastCheck: { numRuns: 200 } }
)

const settled = Effect.repeatN(Effect.yieldNow(), 40)
const longerThanAPoll = "3 seconds"

interface Reader {
  readonly partition: number
  readonly start: number
  readonly slow: boolean
  readonly seen: Array<string>
  left: boolean
  error: JournalError.JournalError | undefined
}

/** A storage with its readers, and what it has held over time. */
const newWorld = Effect.gen(function* () {
  const at = yield* scene
  const readers: Array<Reader & { readonly fiber: Fiber.RuntimeFiber<void> }> = []
  const pasts: Array<ReturnType<typeof at.stored>> = []
  let releases: ReadonlyArray<Effect.Effect<void>> = []
  let failed = false
  let gate = yield* Deferred.make<void>()
  let hurried = false
  let stores = 0

  const join = (reader: Reader) =>
    Stream.runForEachChunk(at.events(tagOf(reader.partition), reader.start), (events) =>
      Effect.suspend(() => {
        for (const { id } of events) reader.seen.push(id)
        return reader.slow && !hurried ? Deferred.await(gate) : Effect.void
      })
    ).pipe(Effect.catchAll((error) => Effect.sync(() => void (reader.error = error))))

  const goOn = Effect.gen(function* () {
    const open = gate
    gate = yield* Deferred.make<void>()
    yield* Deferred.succeed(open, undefined)
  })
  const release = Effect.suspend(() => {
    const all = releases
    releases = []
    return Effect.all(all, { discard: true })
  })

  const perform = (step: Step): Effect.Effect<unknown, never, Scope.Scope> => {
    switch (step._tag) {
      case "Store":
        return Effect.sync(() => {
          for (let i = 0; i < step.count; i++) at.store((stores + i) % partitions)
          stores += step.count
          if (step.tell) at.told(at.length())
        })
      case "Tell":
        return Effect.sync(() => at.told(step.beyond === undefined ? undefined : at.length() + step.beyond))
      case "Poll":
        return TestClock.adjust("1 second")
      case "Join": {
        const start = Math.max(0, at.length() - step.back)
        const reader = { ...step, start, seen: [], left: false, error: undefined }
        return Effect.map(Effect.forkScoped(join(reader)), (fiber) => readers.push(Object.assign(reader, { fiber })))
      }
      case "GoOn":
        return goOn
      case "Leave": {
        const reader = readers[step.reader]
        if (reader === undefined) return Effect.void
        reader.left = true
        return Fiber.interrupt(reader.fiber)
      }
      case "Restore":
        return Effect.suspend(() => {
          pasts.push(at.stored())
          at.restore(Math.max(0, at.length() - step.lost))
          for (let i = 0; i < step.more; i++) at.store(i % partitions)
          return TestClock.adjust(longerThanAPoll)
        })
      case "Fail":
        return Effect.gen(function* () {
          failed = true
          at.fail(true)
          at.told(undefined)
          yield* settled
          at.fail(false)
        })
      case "Hold":
        return Effect.map(at.hold(step.what), (letGo) => {
          releases = [...releases, letGo]
        })
      case "Release":
        return release
    }
  }

  return {
    perform,
    /** Everybody does what is left to do. */
    finish: Effect.gen(function* () {
      hurried = true
      yield* release
      yield* goOn
      for (let i = 0; i < 3; i++) yield* Effect.zipRight(TestClock.adjust(longerThanAPoll), settled)
    }),
    check: () => {
      const present = at.stored()
      const idsIn = (past: typeof present, { partition: of, start }: Reader) =>
        past.filter((event) => event.partition === of && event.position > start).map(({ id }) => id)
      for (const reader of readers) {
        const { error, left, seen } = reader
        if (left || error !== undefined) {
          // what it has seen is how some past began for it
          const beginnings = [...pasts, present].map((past) => idsIn(past, reader).slice(0, seen.length))
          expect(beginnings).toContainEqual(seen)
        } else expect(seen).toEqual(idsIn(present, reader))
        if (error?.reason === "PastChanged") expect(pasts).not.toEqual([])
        else if (error !== undefined) expect([error.reason, failed]).toEqual(["Unavailable", true])
      }
    }
  }
})
