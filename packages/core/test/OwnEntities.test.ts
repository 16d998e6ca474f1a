/** The entities that a node of a cluster owns: served without messages, as if there were messages. */
import { EntityHost } from "@aecor/core"
import { TestCluster } from "@aecor/core/testing"
import { Sharding } from "@effect/cluster"
import { expect, it } from "@effect/vitest"
import { Context, type Duration, Effect, Fiber, Layer, Logger, Queue, type Scope } from "effect"
import {
  Account,
  type AccountJournal,
  Amounts,
  amounts,
  layerOn,
  type Ledger,
  Probe,
  since
} from "../src/testing/internal/account.js"
import { answered, begun, onLayer, pass } from "../src/testing/internal/patience.js"

it.effect("a command is no message where its entity is owned and awake", () =>
  onCluster(({ messages }) =>
    Effect.gen(function* () {
      const account = yield* Account
      for (const amount of [1, 2, 3]) yield* answered(account("a").Deposit({ amount }))
      expect(yield* amounts("a")).toEqual([1, 2, 3])
      expect(messages).toEqual(["aecor/Wake"])
    })
  )
)

it.effect("a shard is woken once, for all of its keys", () =>
  onCluster(({ messages }) =>
    Effect.gen(function* () {
      const account = yield* Account
      const keys = Array.from({ length: 800 }, (_, n) => `a-${n}`)
      const deposit = (key: string) => account(key).Deposit({ amount: 1 })
      const all = Effect.forEach(keys, deposit, { concurrency: "unbounded" })
      expect(new Set(yield* answered(all))).toEqual(new Set([1]))
      expect(new Set(yield* answered(all))).toEqual(new Set([2]))
      // a cluster has 300 shards
      expect(messages.length).toBeLessThanOrEqual(300)
      expect(new Set(messages)).toEqual(new Set(["aecor/Wake"]))
    })
  )
)

it.effect("an entity for which too many commands wait refuses the next one at once, and serves the others", () =>
  onCluster(() =>
    Effect.gen(function* () {
      const account = yield* Account
      const { entered, gate } = yield* Probe
      const first = yield* begun(account("a").Linger({ amount: 1 }))
      expect(yield* answered(Queue.take(entered))).toBe("1")
      const others = yield* begun(
        Effect.all(
          Array.from({ length: 4095 }, () => account("a").Glance()),
          { concurrency: "unbounded" }
        )
      )
      const refused = yield* answered(Effect.flip(account("a").Deposit({ amount: 2 })))
      expect(refused).toMatchObject({ _tag: "CommandFailed", reason: "MailboxFull", inDoubt: false })
      expect(yield* answered(account("b").Deposit({ amount: 5 }))).toBe(5)
      yield* gate.open
      expect(yield* answered(Fiber.join(first))).toBe(1)
      expect(new Set(yield* answered(Fiber.join(others)))).toEqual(new Set([1]))
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(3)
    })
  )
)

it.effect("commands are messages where the entity is not owned, and the instance is the same one", () =>
  onCluster(({ messages, own }) =>
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(1)
      own(false)
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(3)
      own(true)
      expect(yield* answered(account("a").Deposit({ amount: 3 }))).toBe(6)
      expect(messages).toEqual(["aecor/Wake", "Deposit"])
      expect(counts.reads).toBe(1)
    })
  )
)

it.effect("what waits when the entity goes is sent after it, and what has begun is finished", () =>
  onCluster(({ messages, own }) =>
    Effect.gen(function* () {
      const account = yield* Account
      const { entered, gate } = yield* Probe
      const first = yield* begun(account("a").Linger({ amount: 1 }))
      expect(yield* answered(Queue.take(entered))).toBe("1")
      const second = yield* begun(account("a").Deposit({ amount: 2 }))
      const third = yield* begun(account("a").Deposit({ amount: 3 }))
      own(false)
      yield* gate.open
      expect(yield* answered(Fiber.join(first))).toBe(1)
      expect(yield* answered(Fiber.join(second))).toBe(3)
      expect(yield* answered(Fiber.join(third))).toBe(6)
      expect(yield* amounts("a")).toEqual([1, 2, 3])
      expect(messages).toEqual(["aecor/Wake", "Deposit", "Deposit"])
    })
  )
)

it.effect("a command that the cluster interrupts is sent again, and its caller is none the wiser", () =>
  onCluster(({ interrupt, messages, own }) =>
    Effect.gen(function* () {
      const account = yield* Account
      own(false)
      interrupt(2)
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(1)
      expect(messages).toEqual(["Deposit", "Deposit", "Deposit"])
      interrupt(Number.POSITIVE_INFINITY)
      const late = yield* answered(Effect.flip(account("a").Deposit({ amount: 2 })))
      expect(late).toMatchObject({ _tag: "CommandFailed", reason: "Timeout", inDoubt: true })
      const sent = messages.length
      const gone = yield* begun(account("a").Deposit({ amount: 2 }))
      expect(messages.length).toBeGreaterThan(sent)
      yield* answered(Fiber.interrupt(gone))
      const after = messages.length
      yield* pass("5 seconds")
      expect(messages.length).toBe(after)
    })
  )
)

it.effect("a caller that goes away takes its command with it, while it waits and while it runs", () =>
  onCluster(() =>
    Effect.gen(function* () {
      const account = yield* Account
      const { entered, gate } = yield* Probe
      const first = yield* begun(account("a").Linger({ amount: 1 }))
      expect(yield* answered(Queue.take(entered))).toBe("1")
      const second = yield* begun(account("a").Deposit({ amount: 2 }))
      yield* answered(Fiber.interrupt(second))
      yield* answered(Fiber.interrupt(first))
      yield* gate.open
      expect(yield* answered(account("a").Deposit({ amount: 3 }))).toBe(3)
      expect(yield* amounts("a")).toEqual([3])
    })
  )
)

it.effect("a command and its answer share nothing with their caller", () =>
  onCluster(() =>
    Effect.gen(function* () {
      const account = yield* Account
      yield* answered(account("a").Balance())
      const command = new Amounts({ amounts: [1, 2], on: new Date(since) })
      const first = yield* answered(account("a").DepositAll(command, { commandId: "c" }))
      command.on.setTime(0)
      // the answer would carry the command's own date
      expect(first.on).toEqual(since)
      first.on.setTime(0)
      expect((yield* answered(account("a").DepositAll(command, { commandId: "c" }))).on).toEqual(since)
    })
  )
)

it.effect("a handler sees nothing of what surrounds its caller", () =>
  onCluster(() =>
    Effect.gen(function* () {
      const account = yield* Account
      const { errors, misbehave } = yield* Probe
      yield* answered(account("a").Deposit({ amount: 1 }))
      const seen: Array<string> = []
      yield* misbehave((append) =>
        Effect.zipRight(
          Effect.map(Surrounding, (value) => void seen.push(value)),
          Effect.zipRight(Effect.logError("seen"), append)
        )
      )
      const surrounded = account("a")
        .Deposit({ amount: 2 })
        .pipe(Effect.provideService(Surrounding, "the caller's"), Effect.annotateLogs("caller", "here"))
      expect(yield* answered(surrounded)).toBe(3)
      expect(seen).toEqual(["nobody's"])
      expect(errors.join()).not.toContain("caller")
    })
  )
)

it.effect("an entity that is used stays awake, and sleeps when it no longer is", () =>
  onCluster(({ messages }) =>
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      for (let n = 0; n < 12; n++) {
        yield* answered(account("a").Deposit({ amount: 1 }))
        yield* pass("4 seconds")
      }
      expect(counts.reads).toBe(1)
      expect(messages.filter((tag) => tag === "Deposit")).toEqual([])
      yield* pass("35 seconds")
      expect(yield* answered(account("a").Glance())).toBe(12)
      expect(counts.reads).toBe(2)
    })
  )
)

it.effect("an entity does not sleep while a command runs, however short its idle time", () =>
  onCluster(
    () =>
      Effect.gen(function* () {
        const account = yield* Account
        const { entered, gate } = yield* Probe
        const first = yield* begun(account("a").Linger({ amount: 1 }))
        expect(yield* answered(Queue.take(entered))).toBe("1")
        yield* pass("6 seconds")
        const second = yield* begun(account("a").Deposit({ amount: 2 }))
        yield* gate.open
        expect(yield* answered(Fiber.join(first))).toBe(1)
        expect(yield* answered(Fiber.join(second))).toBe(3)
        expect(yield* amounts("a")).toEqual([1, 2])
      }),
    "2 seconds"
  )
)

it.effect("a layer that closes waits for the command that has begun", () =>
  onCluster(() =>
    Effect.gen(function* () {
      const account = yield* Account
      const { entered, misbehave } = yield* Probe
      yield* answered(account("a").Deposit({ amount: 1 }))
      yield* misbehave((append) => Effect.zipRight(entered.offer("storing"), Effect.delay(append, "3 seconds")))
      const call = yield* Effect.forkDaemon(account("a").Deposit({ amount: 2 }))
      expect(yield* answered(Queue.take(entered))).toBe("storing")
      return call
    })
  ).pipe(
    Effect.flatMap((call) => Fiber.join(call)),
    Effect.map((balance) => expect(balance).toBe(3))
  )
)

/** Whatever a caller may have in its context. */
class Surrounding extends Context.Reference<Surrounding>()("test/Surrounding", {
  defaultValue: () => "nobody's"
}) {}

interface Steered {
  /** The tags of what was sent as messages, in order. */
  readonly messages: ReadonlyArray<string>
  /** Whether the node owns anything. */
  readonly own: (owns: boolean) => void
  /** Has the cluster interrupt the next messages. */
  readonly interrupt: (count: number) => void
}

/** A test on a cluster whose messages are seen and whose ownership is steered. */
const onCluster = <A, E>(
  test: (steered: Steered) => Effect.Effect<A, E, Account | AccountJournal | Probe | Ledger | Scope.Scope>,
  idleTimeToLive: Duration.DurationInput = "20 seconds"
) =>
  Effect.suspend(() => {
    const messages: Array<string> = []
    let owning = true
    let interrupted = 0
    const steered = Layer.effect(
      Sharding.Sharding,
      Effect.map(Sharding.Sharding, (sharding): Sharding.Sharding["Type"] => ({
        ...sharding,
        hasShardId: (shard) => owning && sharding.hasShardId(shard),
        makeClient: (entity) =>
          Effect.map(
            sharding.makeClient(entity),
            (client) => (key) =>
              new Proxy(client(key), {
                get: (target, tag, receiver) => {
                  messages.push(String(tag))
                  if (interrupted-- > 0) return () => Effect.interrupt
                  return Reflect.get(target, tag, receiver)
                }
              })
          )
      }))
    )
    const host = EntityHost.layerClusterWith({ idleTimeToLive }).pipe(
      Layer.provide(steered),
      Layer.provide(TestCluster.layer)
    )
    // after a while the node owns its shards
    const begins = Effect.zipRight(
      pass("5 seconds"),
      test({ messages, own: (owns) => (owning = owns), interrupt: (n) => (interrupted = n) })
    )
    return onLayer(begins, layerOn(host)).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  })
