import { Process, RunningProcess } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref, Scope, Stream } from "effect"

describe("a process", () => {
  it.scoped("is watched to its end, however it comes", () =>
    Effect.gen(function* () {
      const endOf = (process: Process.Process) => Effect.flatMap(process, (_) => _.watchTermination)
      expect(yield* endOf(Process.fromEffect(Effect.succeed(1)))).toEqual(Exit.succeed(1))
      expect(yield* endOf(Process.fromEffect(Effect.fail("broken")))).toEqual(Exit.fail("broken"))
      expect(yield* endOf(Process.fromEffect(Effect.die("broken")))).toEqual(Exit.die("broken"))
      expect(yield* endOf(Process.fromStream(Stream.make(1, 2)))).toEqual(Exit.void)
      expect(yield* endOf(Process.fromStream(Stream.fail("broken")))).toEqual(Exit.fail("broken"))
    })
  )

  it.scoped("starts without waiting for its end", () =>
    Effect.gen(function* () {
      const running = yield* Process.fromEffect(Effect.never)
      const watching = yield* Effect.fork(running.watchTermination)
      yield* running.shutdown
      expect(Exit.isInterrupted(yield* Fiber.join(watching))).toBe(true)
    })
  )

  it.scoped("has run its finalizers when shutdown returns, those of its resources too", () =>
    Effect.gen(function* () {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const note = (what: string) => Ref.update(seen, (_) => [..._, what])
      const begun = yield* Deferred.make<void>()
      const process = Process.fromEffect(
        Effect.acquireRelease(Deferred.succeed(begun, undefined), () =>
          Effect.zipRight(Effect.yieldNow(), note("released"))
        ).pipe(Effect.zipRight(Effect.onInterrupt(Effect.never, () => note("interrupted"))))
      )
      const running = yield* process
      yield* Deferred.await(begun)
      yield* running.shutdown
      expect(yield* Ref.get(seen)).toEqual(["interrupted", "released"])
      yield* running.shutdown
    })
  )

  it.effect("ends with the scope that it was started in", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const running = yield* Scope.extend(Process.fromStream(Stream.never), scope)
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* running.watchTermination)).toBe(true)
    })
  )

  it.effect("releases its resources when it completes, not when its scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const released = yield* Ref.make(false)
      const process = Process.fromEffect(Effect.addFinalizer(() => Ref.set(released, true)))
      const running = yield* Scope.extend(process, scope)
      yield* running.watchTermination
      expect(yield* Ref.get(released)).toBe(true)
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.scoped("can be made of any fiber", () =>
    Effect.gen(function* () {
      const running = RunningProcess.fromFiber(yield* Effect.forkScoped(Effect.fail("broken")))
      expect(yield* running.watchTermination).toEqual(Exit.fail("broken"))
    })
  )
})
