/** What is done to nodes and to Postgres. Each fault ends healed, and says from when and on whom it is to be measured. */
import type { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import type { PgClient } from "@effect/sql-pg"
import { Data, Effect, type Scope } from "effect"
import type { ChildFailed } from "../run/children.js"
import { say } from "../run/screen.js"
import type { Node, Nodes } from "./nodes.js"
import type { Observer } from "./observer.js"
import type { Fault, Kind } from "./plan.js"

/**
 * - `gap`: how long each of the processes was without a write from then on.
 * - `elsewhere`: when each of them first wrote on another runner than the one that leaves.
 * - `took`: known already.
 */
export type Measure =
  | {
      readonly _tag: "gap"
      readonly from: number
      readonly processes: ReadonlyArray<string>
      /** What it has turned out to be. */
      readonly kind?: Kind
    }
  | {
      readonly _tag: "elsewhere"
      readonly from: number
      readonly processes: ReadonlyArray<string>
      readonly leaving: string
    }
  | { readonly _tag: "took"; readonly millis: number }

/** The kill switch has failed, or something was written after it had answered. */
export class NotStopped extends Data.TaggedError("NotStopped")<{ readonly message: string }> {}

type Failure = ChildFailed | EmbeddedPostgres.ServerError | NotStopped

/** The set that the kill switch is used on. */
export const switched = "large"
/** How long nothing may be written after the kill switch has answered, in milliseconds. */
const stillFor = 1500

/** How often the kill switch is used until it goes through: for half a minute. */
const uses = 30

/** A node may do without its lease for so long, in milliseconds, and its processes go on. */
const longestRestart = 2500

/** Not fewer than these are left running by a burst. */
const fewest = 2

export const make = (options: {
  readonly server: EmbeddedPostgres.Running
  readonly sql: PgClient.PgClient
  readonly nodes: Nodes
  readonly observer: Observer
  /** Takes the pooler down for as long as the effect takes, where there is one. */
  readonly whilePoolerDown: (effect: Effect.Effect<void>) => Effect.Effect<void, EmbeddedPostgres.ServerError>
}) => {
  const { nodes, observer, server, sql } = options
  let killedAfterGrace = 0
  /** Something is done to them at the moment. */
  const busy = new Set<Node>()
  // a node that joins while Postgres is down would give up, as it would be started again by whatever starts nodes
  const oneAtATime = Effect.unsafeMakeSemaphore(1)

  const processesOf = (node: Node) =>
    Effect.map(observer.standing, (all) => all.filter((_) => _.runner === node.runner).map((_) => _.process))

  const free = () => nodes.alive().filter((node) => !busy.has(node))
  const pick = <A>(among: ReadonlyArray<A>, dice: number): A | undefined => among[Math.floor(dice * among.length)]

  /** Whom a fault hits: by the dice, unless it is meant for somebody. */
  const victimOf = ({ dice, kind }: Fault) =>
    Effect.gen(function* () {
      const candidates = free()
      const coordinators = yield* observer.coordinators
      const healthHost = yield* observer.healthHost
      const isMeant = (node: Node) =>
        kind === "kill9Coordinator"
          ? coordinators.includes(node.runner)
          : kind === "kill9HealthHost"
            ? node.runner === healthHost
            : kind !== "kill9" || !(coordinators.includes(node.runner) || node.runner === healthHost)
      return pick(candidates.filter(isMeant), dice) ?? pick(candidates, dice)
    })

  const whileBusy = <A, E, R>(node: Node, effect: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => busy.add(node)),
      () => effect,
      () => Effect.sync(() => busy.delete(node))
    )

  /** Begins something that is over after a while. */
  const lasting = (begin: () => void, millis: number, end: () => void) =>
    Effect.acquireUseRelease(
      Effect.sync(begin),
      () => Effect.sleep(millis),
      () => Effect.sync(end)
    )

  const join = Effect.gen(function* () {
    const node = yield* nodes.start
    yield* say(`${node.name} (${node.pid}) has joined`)
    return { _tag: "gap", from: Date.now(), processes: observer.processes } satisfies Measure
  })

  /** What an operator does with the kill switch: while Postgres is away it fails and says so, and is used again. */
  const operate = (node: Node, request: "Shutdown" | "Resume") =>
    Effect.gen(function* () {
      for (let times = 1; ; times += 1) {
        const { error, millis } = yield* node.use({ _tag: request, set: switched })
        if (error === undefined) return millis
        const [reason] = error.split("\n")
        if (times === uses) return yield* new NotStopped({ message: `${request} fails ${uses} times: ${reason}` })
        yield* say(`  ${request} fails, and is done again: ${reason}`)
        yield* Effect.sleep("1 second")
      }
    })

  const killSwitch = (dice: number) =>
    Effect.gen(function* () {
      const node = pick(free(), dice)
      if (node === undefined) return undefined
      yield* say(`the kill switch of ${switched}, on ${node.name}`)
      return yield* whileBusy(
        node,
        Effect.gen(function* () {
          const millis = yield* operate(node, "Shutdown")
          const stoppedAt = Date.now()
          yield* Effect.sleep(stillFor)
          const later = (yield* observer.writesSince(stoppedAt + 1)).filter((_) => _.process.startsWith(`${switched}/`))
          if (later.length > 0) {
            return yield* new NotStopped({ message: `${later.length} writes after the kill switch had answered` })
          }
          yield* operate(node, "Resume")
          return { _tag: "took", millis } satisfies Measure
        })
      )
    })

  const postgres = (kind: "restart" | "crash" | "down", millis: number) =>
    Effect.gen(function* () {
      yield* say(
        kind === "crash"
          ? `kill -9 of Postgres (${server.pid})`
          : `Postgres is ${kind === "down" ? `down for ${millis / 1000} s` : "restarted"}`
      )
      const since = Date.now()
      yield* server.restart(kind === "crash" ? "crash" : "fast", Effect.sleep(millis))
      const from = Date.now()
      yield* say(`  it serves again after ${from - since} ms`)
      // after a longer time processes have stopped themselves: that is another case
      const turned = from - since > longestRestart ? "down" : kind
      return { _tag: "gap", from, processes: observer.processes, kind: turned } satisfies Measure
    })

  const backends = Effect.gen(function* () {
    const from = Date.now()
    const ended = yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'node %' AND datname = current_database()`.pipe(Effect.orElseSucceed(() => []))
    yield* say(`${ended.length} backends of nodes terminated`)
    return { _tag: "gap", from, processes: observer.processes } satisfies Measure
  })

  const toNode = (node: Node, { dice, kind, millis }: Fault): Effect.Effect<Measure, Failure> =>
    Effect.gen(function* () {
      const processes = yield* processesOf(node)
      const from = Date.now()
      const gap = { _tag: "gap", from, processes } as const
      const seconds = `for ${(millis / 1000).toFixed(1)} s`
      switch (kind) {
        case "kill9":
        case "kill9Coordinator":
        case "kill9HealthHost":
          yield* say(`kill -9 of ${node.name} (${node.pid})${kind === "kill9" ? "" : `, as ${kind.slice(5)}`}`)
          yield* node.kill
          return gap
        case "term":
          yield* say(`SIGTERM to ${node.name} (${node.pid})`)
          if (!(yield* node.terminate)) {
            killedAfterGrace += 1
            yield* say(`  ${node.name} has not gone in time, and is killed`)
          }
          return { _tag: "elsewhere", from, processes, leaving: node.runner }
        case "freeze":
          yield* say(`${node.name} (${node.pid}) frozen ${seconds}`)
          yield* Effect.ensuring(Effect.zipRight(node.signal("SIGSTOP"), Effect.sleep(millis)), node.signal("SIGCONT"))
          return gap
        case "block":
          yield* say(`the event loop of ${node.name} blocked ${seconds}`)
          node.block(millis)
          yield* Effect.sleep(millis)
          return gap
        case "cutPostgres":
          yield* say(`${node.name} cut off from Postgres ${seconds}`)
          yield* lasting(
            () => node.holdDatabase(true),
            millis,
            () => node.holdDatabase(false)
          )
          return gap
        case "cutPair": {
          const other = pick(
            free().filter((one) => one !== node),
            (dice * 10) % 1
          )
          if (other === undefined) return { ...gap, processes: [] }
          yield* say(`${node.name} and ${other.name} cut off from each other ${seconds}`)
          yield* lasting(
            () => node.holdPair(other, true),
            millis,
            () => node.holdPair(other, false)
          )
          return { ...gap, processes: observer.processes }
        }
        default:
          yield* say(`${node.name} not reachable for other nodes ${seconds}`)
          yield* lasting(
            () => node.holdInbound(true),
            millis,
            () => node.holdInbound(false)
          )
          return { ...gap, processes: observer.processes }
      }
    })

  const cutNodes = (millis: number) =>
    Effect.gen(function* () {
      yield* say(`no node reaches another for ${(millis / 1000).toFixed(1)} s`)
      const from = Date.now()
      const all = nodes.alive()
      yield* lasting(
        () => all.forEach((node) => node.holdInbound(true)),
        millis,
        () => all.forEach((node) => node.holdInbound(false))
      )
      return { _tag: "gap", from, processes: observer.processes } satisfies Measure
    })

  const pooler = Effect.gen(function* () {
    yield* say("the pooler is killed, and started again after 2 s")
    yield* options.whilePoolerDown(Effect.sleep("2 seconds"))
    return { _tag: "gap", from: Date.now(), processes: observer.processes } satisfies Measure
  })

  const leavesTooFew = (kind: Kind) => free().length <= fewest && (kind.startsWith("kill9") || kind === "term")

  /** None where there is nobody to do it to. */
  const perform = (fault: Fault): Effect.Effect<Measure | undefined, Failure, Scope.Scope> => {
    const { dice, kind, millis } = fault
    switch (kind) {
      case "join":
        return oneAtATime.withPermits(1)(join)
      case "restart":
      case "crash":
      case "down":
        return oneAtATime.withPermits(1)(postgres(kind, millis))
      case "killSwitch":
        return oneAtATime.withPermits(1)(killSwitch(dice))
      case "pooler":
        return oneAtATime.withPermits(1)(pooler)
      case "backends":
        return backends
      case "cutNodes":
        return cutNodes(millis)
      default:
        return leavesTooFew(kind)
          ? oneAtATime.withPermits(1)(join)
          : Effect.flatMap(victimOf(fault), (node) =>
              node === undefined || busy.has(node) ? Effect.succeed(undefined) : whileBusy(node, toNode(node, fault))
            )
    }
  }
  return { perform, killedAfterGrace: () => killedAfterGrace, join: oneAtATime.withPermits(1)(join) }
}
