// What a coordinator does to runners that host for real, on leases in memory: the messages between them are calls here.
import { type Lease, ProcessContext } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, type Scope, TestClock } from "effect"
import * as Coordinate from "../src/internal/coordinate.js"
import { resolve, silence } from "../src/internal/deploymentSettings.js"
import * as Node from "../src/internal/node.js"
import * as Steer from "../src/internal/steer.js"
import { answered, onLayer, timed, until } from "../src/testing/internal/patience.js"
import { alive, lasting, type Run, withHanging } from "../src/testing/internal/processRuns.js"
import { hangs, newLease, refuses, troubledOf } from "./fixtures/troubledLease.js"

const deployment = "set"

/** A runner to which no message can be sent. Any other that has not joined takes messages and never answers. */
const refusing = "refusing"

describe("the kill switch of a deployment", () => {
  test("stops a process where it runs, though it was sent elsewhere since", (fleet) =>
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* fleet.join("a", lasting(runs))
      yield* fleet.join("b", lasting(runs))
      yield* fleet.place("a")
      yield* until(() => runs.length === 1)
      // as by a coordinator that took a for dead
      yield* fleet.lease.assign(yield* fleet.row, "b")
      expect(yield* timed(fleet.killSwitch.shutdown)).toBe(0)
      expect(alive(runs)).toEqual([])
      expect(runs.map((_) => _.fence.runner)).toEqual(["a"])
    }))

  test("fences a process that does not answer where it runs, though it does where it was sent", (fleet) =>
    Effect.gen(function* () {
      const { fence } = yield* claimed(fleet, "unreachable")
      yield* fleet.join("b", lasting([]))
      yield* fleet.lease.assign(yield* fleet.row, "b")
      yield* answered(fleet.killSwitch.shutdown)
      expect(yield* Effect.flip(fleet.lease.check(fence))).toBeInstanceOf(ProcessContext.Fenced)
    }))

  test("fences what has not stopped where it runs, when its node cannot", (fleet) =>
    withHanging((hanging) =>
      Effect.gen(function* () {
        const runs: Array<Run> = []
        const lease = troubledOf(fleet.lease)
        yield* fleet.join("a", lasting(runs, hanging), lease.service)
        yield* fleet.place("a")
        yield* until(() => runs.length === 1)
        lease.begin(refuses)
        // by then it is lost and abandoned, and a claim is tried again and again
        yield* TestClock.adjust("15 seconds")
        for (const { fence } of runs) yield* fleet.lease.check(fence)
        yield* answered(fleet.killSwitch.shutdown)
        expect(alive(runs)).toHaveLength(1)
        for (const { fence } of runs) {
          expect(yield* Effect.flip(fleet.lease.check(fence))).toBeInstanceOf(ProcessContext.Fenced)
        }
      })
    ))

  test("waits for a run to stop where it runs, though where it was sent nobody can be asked", (fleet) =>
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* fleet.join("a", lasting(runs, Effect.sleep("3 seconds")))
      yield* fleet.place("a")
      yield* until(() => runs.length === 1)
      yield* fleet.lease.assign(yield* fleet.row, refusing)
      expect(yield* timed(fleet.killSwitch.shutdown)).toBe(3000)
      expect(alive(runs)).toEqual([])
    }))
})

describe("the coordinator of a process that its runner does not start", () => {
  test("goes on sending it where there is no other runner, and so it runs as soon as it can", (fleet) =>
    Effect.gen(function* () {
      yield* fleet.passes(["deaf"], 60)
      expect((yield* fleet.row).generation).toBeGreaterThanOrEqual(8)
      const runs: Array<Run> = []
      yield* fleet.join("deaf", lasting(runs))
      yield* fleet.passes(["deaf"], 7)
      expect(alive(runs)).toHaveLength(1)
    }))

  test("leaves it in line where its runner says that it has it, for a minute at the most", (fleet) =>
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const lease = troubledOf(fleet.lease)
      // as if many others had to be claimed first
      lease.begin(hangs, ["claim"])
      yield* fleet.join("a", lasting(runs), lease.service)
      yield* fleet.passes(["a", "b"], 50)
      expect(yield* fleet.row).toMatchObject({ generation: 1, target: Option.some("a") })
      lease.end()
      yield* fleet.passes(["a", "b"], 5)
      expect(alive(runs)).toHaveLength(1)
      lease.begin(hangs)
      yield* fleet.lease.restart(deployment, 0)
      yield* fleet.passes(["a", "b"], 90)
      expect((yield* fleet.row).generation).toBeGreaterThan(3)
    }))

  test("tries one runner after the other, again and again", (fleet) =>
    Effect.gen(function* () {
      yield* fleet.passes(["deaf", "mute", "numb"], 45)
      const targets = new Set<string>()
      for (const _ of Array.from({ length: 45 })) {
        yield* fleet.passes(["deaf", "mute", "numb"], 1)
        for (const target of Option.toArray((yield* fleet.row).target)) targets.add(target)
      }
      expect([...targets].toSorted()).toEqual(["deaf", "mute", "numb"])
    }))
})

/** One process, the runners that have joined, and a coordinator, on leases of their own. */
const newFleet = Effect.gen(function* () {
  const lease = yield* newLease
  const scope = yield* Effect.scope
  const settings = resolve({})
  const hosts = new Map<string, { readonly node: Node.Node; readonly recipe: ReturnType<typeof lasting> }>()
  yield* lease.register(deployment, 1)

  const client: Parameters<typeof Coordinate.make>[0]["client"] = {
    run: (process, runner) =>
      Effect.suspend(() => {
        const host = hosts.get(runner)
        return host === undefined
          ? Effect.void
          : Effect.asVoid(Effect.forkIn(host.node.host(process, host.recipe, settings), scope))
      }),
    stop: (process, runner, timeout) =>
      Effect.gen(function* () {
        if (runner === refusing) return yield* Effect.dieMessage("the messages to this runner are refused")
        const host = hosts.get(runner)
        return yield* host === undefined ? Effect.timeout(Effect.never, timeout) : host.node.stop(process)
      }),
    holds: (process, runner) => Effect.suspend(() => hosts.get(runner)?.node.holds(process) ?? Effect.succeed(false)),
    ping: () => Effect.void
  }
  const coordinator = Coordinate.make({
    self: "coordinator",
    lease,
    client,
    deployment: { name: deployment, processes: [], settings },
    scope
  })
  const row = Effect.flatMap(lease.list(deployment), ([first]) =>
    first === undefined ? Effect.dieMessage("the process is not listed") : Effect.succeed(first)
  )
  return {
    ...coordinator,
    killSwitch: Steer.make(
      {
        lease,
        stop: (process, runner) => client.stop(process, runner, Duration.days(1)),
        runners: () => Effect.succeed([])
      },
      deployment
    ),
    lease,
    row,
    /** So many passes, a second apart, while these runners live. */
    passes: (runners: ReadonlyArray<string>, count: number) =>
      Effect.gen(function* () {
        for (const runner of runners) yield* lease.announce(runner, [{ deployment }])
        yield* coordinator.pass(false)
        yield* TestClock.adjust("1 second")
      }).pipe(Effect.repeatN(count - 1)),
    join: (runner: string, recipe: ReturnType<typeof lasting>, its: Lease.Operations = lease) =>
      Effect.map(Node.make(runner, its), (node) => void hosts.set(runner, { node, recipe })),
    place: (runner: string) =>
      Effect.gen(function* () {
        const generation = yield* lease.assign(yield* row, runner)
        yield* client.run({ deployment, index: 0, generation: Option.getOrThrow(generation) }, runner)
      })
  }
})

type Fleet = Effect.Effect.Success<typeof newFleet>

function test<E>(sentence: string, body: (fleet: Fleet) => Effect.Effect<void, E, Scope.Scope>) {
  it.effect(sentence, () => onLayer(Effect.flatMap(newFleet, body), Layer.empty))
}

/** The process, claimed by a runner that does not host it. */
const claimed = (fleet: Fleet, runner: string) =>
  Effect.gen(function* () {
    const claim = yield* fleet.lease.claim(yield* fleet.row, runner, silence)
    return claim._tag === "Claimed" ? claim : yield* Effect.dieMessage(`the claim is ${claim._tag}`)
  })
