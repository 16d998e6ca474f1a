// A runner that is told to leave, and whose database does not answer meanwhile: it leaves nevertheless.
import { Process } from "@aecor/core"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Option } from "effect"
import { leasesDatabase, startRunner } from "./fixtures/runner.js"

describe.concurrent("a runner leaves", { timeout: 180_000 }, () => {
  it.scopedLive("whose connections have fallen silent", () =>
    Effect.gen(function* () {
      const { proxy, runner } = yield* runnerBehindWire
      proxy.hold(true)
      yield* leaves(runner.stop)
    }).pipe(quiet)
  )

  it.scopedLive("that has been refused connections for so long that the cluster makes its own anew", () =>
    Effect.gen(function* () {
      const { proxy, runner } = yield* runnerBehindWire
      proxy.admit(false)
      proxy.cut()
      // the library looks after its lock connection every 5 s
      yield* Effect.sleep("7 seconds")
      yield* leaves(runner.stop)
    }).pipe(quiet)
  )
})

const quiet = Effect.provide(Logger.remove(Logger.defaultLogger))

const runnerBehindWire = Effect.gen(function* () {
  const proxy = yield* TcpProxy.make(yield* leasesDatabase)
  const idle = Process.fromEffect(Effect.never)
  const runner = yield* startRunner({ url: proxy.url, processes: [idle, idle] })
  yield* runner.killSwitch.resume
  return { proxy, runner }
})

/** It takes some 15 s, at the worst; without limits it never ends. */
const leaves = (stop: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const leaving = yield* Effect.forkDaemon(stop)
    const ended = yield* Effect.timeoutOption(Fiber.await(leaving), "90 seconds")
    expect(Option.map(ended, Exit.isSuccess)).toEqual(Option.some(true))
  })
