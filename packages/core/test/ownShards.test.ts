/** Shards that open and end, where the cluster does not see to it. */
import { expect, it } from "@effect/vitest"
import { Rpc } from "@effect/rpc"
import { Duration, Effect, Exit, Fiber, Scope } from "effect"
import * as Deadlines from "../src/internal/deadlines.js"
import * as OwnShards from "../src/internal/ownShards.js"
import * as Wire from "../src/internal/wire.js"
import { begun, isPending, pass } from "../src/testing/internal/patience.js"

it.scoped("a shard that opens again ends the one before it, even where the cluster has forgotten to", () =>
  Effect.gen(function* () {
    const { gate, open, shards, running } = yield* some
    const forgotten = yield* open
    const first = yield* begun(forgotten.take("Run", command("1")))
    const waits = yield* begun(forgotten.take("Run", command("2")))
    const [next, third] = [yield* begun(open), yield* begun(open)]
    expect(forgotten.isOpen()).toBe(false)
    expect(yield* Fiber.join(waits)).toBe("Elsewhere")
    expect(yield* isPending(next)).toBe(true)
    expect(running).toEqual(["1"])
    yield* gate.open
    expect(Exit.isExit(yield* Fiber.join(first))).toBe(true)
    yield* pass(0)
    const opened = [yield* Fiber.join(next), yield* Fiber.join(third)]
    // whichever is the last, it alone is at work
    expect(opened.map((own) => own.isOpen()).filter(Boolean)).toEqual([true])
    expect(opened).toContain(shards.at("s"))
  })
)

const command = (id: string) => ({ key: "a", id, command: undefined, metadata: {} })

/** The shards of an entity whose commands go on until the gate opens. */
const some = Effect.gen(function* () {
  const { group } = Wire.make([Rpc.make("Run")])
  const gate = yield* Effect.makeLatch(false)
  const running: Array<string> = []
  const shards = yield* OwnShards.make({
    registration: {
      name: "Entity",
      wire: group,
      make:
        () =>
        (_, { id }) =>
          Effect.zipRight(
            Effect.sync(() => running.push(id)),
            gate.whenOpen(Effect.succeed({ value: id, sequence: 1 }))
          )
    },
    call: () => Effect.void,
    timeout: Duration.seconds(10),
    idleTimeToLive: Duration.minutes(5),
    deadlines: yield* Deadlines.make(Duration.minutes(5))
  })
  /** As the cluster does where the waking was interrupted: the scope is never closed. */
  const open = Effect.flatMap(Scope.make(), (scope) =>
    Scope.extend(
      shards.open("s", () => true),
      scope
    )
  )
  return { gate, open, running, shards }
})
