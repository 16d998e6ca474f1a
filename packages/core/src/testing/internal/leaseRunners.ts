/** The part of `ProcessLeaseSuite` about runners: who is alive, and who coordinates. */
import { expect } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { ProcessLease } from "../../ProcessLease.js"
import { type Elapse, freshName, hosting, longer, most, silence } from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const runners = <R>(it: SharedTests<ProcessLease | R>["effect"], elapse: Elapse<R>): void => {
  it("knows which runners host a deployment, in order", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const [one, two] = [freshName(), freshName()]
      const [a, b, c] = [freshName("a"), freshName("b"), freshName("c")]
      yield* lease.announce(c, hosting(one))
      yield* lease.announce(a, hosting(two, one))
      yield* lease.announce(b, hosting(two))
      expect(yield* names(one)).toEqual([a, c])
      expect(yield* names(two)).toEqual([a, b])
      expect(yield* names(freshName())).toEqual([])
    }))

  it("takes a runner for dead that has been silent, and for alive as soon as it speaks", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      const [a, b] = [freshName("a"), freshName("b")]
      yield* lease.announce(a, hosting(deployment))
      yield* lease.announce(b, hosting(deployment))
      yield* elapse(most)
      yield* lease.announce(b, hosting(deployment))
      yield* elapse(most)
      expect(yield* names(deployment)).toEqual([b])
      expect(yield* names(deployment, Duration.hours(2))).toEqual([a, b])
      yield* lease.announce(a, hosting(deployment))
      expect(yield* names(deployment)).toEqual([a, b])
    }))

  it("forgets what a runner has ceased to host, and a runner that leaves", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const [one, two] = [freshName(), freshName()]
      const [a, b] = [freshName("a"), freshName("b")]
      yield* lease.announce(a, hosting(one))
      yield* lease.announce(b, hosting(one))
      yield* lease.announce(a, hosting(two))
      expect(yield* names(one)).toEqual([b])
      expect(yield* names(two)).toEqual([a])
      yield* lease.retract(b)
      yield* lease.retract(freshName())
      expect(yield* names(one)).toEqual([])
      yield* lease.announce(a, hosting())
      expect(yield* names(two)).toEqual([])
    }))

  it("tells the weight that a runner has announced last, 1 where it has said nothing", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      const [a, b] = [freshName("a"), freshName("b")]
      yield* lease.announce(b, hosting(deployment), 3)
      yield* lease.announce(a, hosting(deployment))
      const weights = Effect.map(lease.runners(deployment, silence), (_) => _.map(({ name, weight }) => [name, weight]))
      expect(yield* weights).toEqual([
        [a, 1],
        [b, 3]
      ])
      yield* lease.announce(b, hosting(deployment), 2)
      expect(yield* weights).toEqual([
        [a, 1],
        [b, 2]
      ])
    }))

  it("gives the coordination of a deployment to one runner, for as long as it asks in time", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const [one, two] = [freshName(), freshName()]
      expect(yield* lease.coordinate(one, "a", silence)).toBe(true)
      expect(yield* lease.coordinate(one, "b", silence)).toBe(false)
      expect(yield* lease.coordinate(two, "b", silence)).toBe(true)
      for (const _ of [1, 2, 3]) {
        yield* elapse(most)
        expect(yield* lease.coordinate(one, "a", silence)).toBe(true)
        expect(yield* lease.coordinate(one, "b", silence)).toBe(false)
      }
      yield* elapse(longer)
      expect(yield* lease.coordinate(one, "b", silence)).toBe(true)
      expect(yield* lease.coordinate(one, "a", silence)).toBe(false)
    }))

  it("gives the coordination on at once when its holder resigns, and only then", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      yield* lease.coordinate(deployment, "a", silence)
      yield* lease.resign(deployment, "b")
      expect(yield* lease.coordinate(deployment, "b", silence)).toBe(false)
      yield* lease.resign(deployment, "a")
      expect(yield* lease.coordinate(deployment, "b", silence)).toBe(true)
      yield* lease.resign(freshName(), "a")
    }))

  it("lets one of many runners coordinate that ask at once", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      const names = Array.from({ length: 20 }, (_, i) => `runner ${i}`)
      const answers = yield* Effect.forEach(names, (name) => lease.coordinate(deployment, name, silence), {
        concurrency: "unbounded"
      })
      expect(answers.filter((_) => _)).toHaveLength(1)
    }))
}

/** The names of the runners that host a deployment. */
const names = (deployment: string, within = silence) =>
  Effect.flatMap(ProcessLease, (lease) =>
    Effect.map(lease.runners(deployment, within), (found) => found.map((_) => _.name))
  )
