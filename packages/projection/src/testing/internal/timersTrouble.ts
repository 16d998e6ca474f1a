/** Nothing that crashes, wakes late, is cancelled or cannot be handled makes a timer fire twice, or not at all. */
import { Deployment, DistributedProcessing, JournalError } from "@aecor/core"
import type { Vitest } from "@effect/vitest"
import { expect } from "@effect/vitest"
import { Array, Cause, DateTime, Deferred, Duration, Effect, Exit, FastCheck, Option, Schedule } from "effect"
import * as FailurePolicy from "../../FailurePolicy.js"
import * as Projection from "../../Projection.js"
import * as Timers from "../../Timers.js"
import { before, FiredJournal, inMillis, scene, type Services } from "./timersScene.js"
import { settle } from "./virtualTime.js"

/** What befalls one step of the process: nothing, or a crash before it, or after it. */
type Mishap = "none" | "crashBefore" | "crashAfter"

const mishaps = FastCheck.array(FastCheck.constantFrom<Array<Mishap>>("none", "none", "crashBefore", "crashAfter"), {
  maxLength: 16
})

/** Steps that meet the mishaps, one after the other; the rest meet none. */
const mishapping = (script: ReadonlyArray<Mishap>) => {
  const left = [...script]
  const crash = Effect.dieMessage("the process has crashed")
  return <A, E>(step: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const mishap = left.shift() ?? "none"
      if (mishap === "crashBefore") return crash
      return mishap === "crashAfter" ? Effect.zipRight(step, crash) : step
    })
}

export const troubleTests = (test: Vitest.Tester<Services>, runs: number): void => {
  const settings = { timeout: 120_000, fastCheck: { numRuns: runs } }

  test.prop(
    "every timer becomes one event, wherever the process crashes",
    {
      timers: FastCheck.array(FastCheck.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 12 }),
      pageSize: FastCheck.integer({ min: 1, max: 5 }),
      script: mishaps
    },
    ({ pageSize, script, timers: dues }) =>
      Effect.gen(function* () {
        const at = yield* scene
        const through = mishapping(script)
        const due = new Map<string, DateTime.Utc>()
        for (const [i, step] of dues.entries()) {
          const date = yield* inMillis(step * 10)
          due.set(String(i), date)
          yield* at.schedule(String(i), date)
        }
        yield* at.deploy({
          pageSize,
          timers: {
            ...at.timers,
            take: (share, options) => through(at.timers.take(share, options)),
            handedOver: (name, options) => through(at.timers.handedOver(name, options))
          },
          journal: { ...at.journal, append: (...append) => through(at.journal.append(...append)) }
        })
        yield* at.fired(dues.length)
        yield* at.allHandedOver
        const all = yield* at.events
        expect(all.map(({ event }) => event.id).toSorted()).toEqual([...due.keys()].toSorted())
        for (const { event, timestamp } of all) {
          expect(timestamp).toBeGreaterThanOrEqual(due.get(event.id)?.epochMillis ?? Number.POSITIVE_INFINITY)
        }
      }).pipe(Effect.scoped, settle),
    settings
  )

  test("a copy that wakes when another has taken over fires nothing again, and is refused", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const taken = yield* Deferred.make<void>()
      const awake = yield* Deferred.make<void>()
      const sleepy: typeof at.journal.append = (...append) =>
        Deferred.succeed(taken, undefined).pipe(
          Effect.zipRight(Deferred.await(awake)),
          Effect.zipRight(at.journal.append(...append))
        )
      for (const id of ["a", "b", "c"]) yield* at.schedule(id, yield* before)
      const older = yield* at.start({ journal: { ...at.journal, append: sleepy } })
      yield* Deferred.await(taken)
      const newer = yield* at.start()
      expect(yield* at.fired(3)).toHaveLength(3)
      yield* Deferred.succeed(awake, undefined)
      const exit = yield* older.watchTermination
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
      expect(error).toMatchObject({ _tag: "Fenced", deployment: at.name })
      expect(yield* at.events).toHaveLength(3)
      yield* newer.shutdown
    }).pipe(Effect.scoped, settle))

  test("one whose event the journal refuses holds up none of the others, and is fired when it is taken", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const due = yield* before
      for (const [i, id] of ["refused", "a", "b", "c", "d"].entries()) {
        yield* at.schedule(id, DateTime.addDuration(due, Duration.millis(i)))
      }
      let refuses = true
      const refused = new JournalError.JournalError({ journal: "", reason: "Unavailable", description: "refused" })
      const append: typeof at.journal.append = (key, ...rest) =>
        refuses && key === Timers.keyOf(at.name, "refused") ? Effect.fail(refused) : at.journal.append(key, ...rest)
      yield* at.deploy({ pageSize: 2, journal: { ...at.journal, append } })
      expect((yield* at.fired(4)).map(({ event }) => event.id)).toEqual(["a", "b", "c", "d"])
      refuses = false
      expect((yield* at.fired(5)).map(({ event }) => event.id)).toEqual(["a", "b", "c", "d", "refused"])
      yield* at.allHandedOver
    }).pipe(Effect.scoped, settle))

  test("another number of processes fires what was taken, is due and comes due while they stand still", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const due = yield* inMillis(-300)
      const ids = Array.makeBy(60, String)
      for (const [i, id] of ids.entries()) yield* at.schedule(id, DateTime.addDuration(due, Duration.millis(i * 20)))
      const stuck = yield* Deferred.make<void>()
      const append: typeof at.journal.append = () => Effect.zipRight(Deferred.succeed(stuck, undefined), Effect.never)
      const older = at.deploy({ pageSize: 7, journal: { ...at.journal, append } })
      yield* Effect.scoped(Effect.zipRight(older, Deferred.await(stuck)))
      for (const processes of [Timers.slots, 3]) {
        expect(yield* Deployment.reshape(at.name, { processes })).toMatchObject({ to: { processes }, running: true })
        const some = processes === 3 ? ids.length : ids.length / 3
        yield* Effect.scoped(Effect.zipRight(at.deploy({ processes, pageSize: 2 }), at.fired(some)))
      }
      const all = yield* at.events
      expect(all.map(({ event }) => event.id).toSorted()).toEqual(ids.toSorted())
      expect(all.every(({ event, timestamp }) => timestamp >= event.due.epochMillis)).toBe(true)
    }).pipe(Effect.scoped, settle))

  test("one that is cancelled while it comes due is cancelled or fired, never both", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const ids = Array.makeBy(40, String)
      const due = yield* inMillis(100)
      for (const [i, id] of ids.entries()) yield* at.schedule(id, DateTime.addDuration(due, Duration.millis(i * 5)))
      yield* at.deploy({ pageSize: 3 })
      yield* Effect.sleep(100)
      const answers = yield* Effect.forEach(
        ids,
        (id, i) =>
          Effect.map(
            Effect.delay(at.timers.cancel(at.name, id), Duration.millis(i * 5)),
            (answer) => [id, answer] as const
          ),
        {
          concurrency: "unbounded"
        }
      )
      yield* at.allHandedOver
      const fired = answers.flatMap(([id, answer]) => (answer === "AlreadyFired" ? [id] : []))
      const all = yield* at.events
      expect(answers.filter(([, answer]) => answer === "NotFound")).toEqual([])
      expect(all.map(({ event }) => event.id).toSorted()).toEqual(fired.toSorted())
    }).pipe(Effect.scoped, settle))

  test("one that cannot be handled is set aside, and the others go on", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const handled: Array<string> = []
      let poisoned = true
      const reaction = Projection.atLeastOnce(`${at.name}/reaction`, {
        journal: FiredJournal,
        handle: ({ event }) =>
          Effect.suspend(() => {
            if (event.name !== at.name) return Effect.void
            if (event.id === "3" && poisoned) return Effect.fail("poisoned")
            handled.push(event.id)
            return Effect.void
          }),
        onFailure: FailurePolicy.quarantine()
      })
      yield* DistributedProcessing.start(reaction.name, reaction.processes)
      yield* at.deploy()
      const ids = Array.makeBy(8, String)
      for (const id of ids) yield* at.schedule(id, yield* before)
      const others = ids.filter((id) => id !== "3")
      const until = (holds: () => boolean) =>
        Effect.repeat(Effect.sync(holds), { until: (held) => held, schedule: Schedule.spaced("20 millis") })
      yield* until(() => handled.length === others.length)
      expect(handled.toSorted()).toEqual(others)
      poisoned = false
      yield* Effect.repeat(reaction.quarantine.entries, {
        until: ({ length }) => length === 1,
        schedule: Schedule.spaced("20 millis")
      })
      expect(yield* reaction.quarantine.retry()).toMatchObject([{ outcome: "Ended" }])
      expect(handled.toSorted()).toEqual(ids)
    }).pipe(Effect.scoped, settle))
}
