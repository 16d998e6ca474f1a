/** The nodes: processes that can be killed, frozen, cut off and replaced, each behind two wires of its own. */
import { EmbeddedPostgres, TcpProxy } from "@aecor/journal-pg/testing"
import { type Deferred, Effect, Redacted, type Scope } from "effect"
import * as Children from "../run/children.js"
import * as SourceAddress from "../run/sourceAddress.js"
import type { Report } from "../swap/reader.js"
import type { Address, Answer, Request, Settings } from "./messages.js"

export interface Node extends Pick<
  Children.Running,
  "name" | "pid" | "isAlive" | "kill" | "terminate" | "signal" | "ended"
> {
  /** Its address, under which the others reach it: how runners are named. */
  readonly runner: string
  /** Cuts it off from Postgres, or heals that. */
  readonly holdDatabase: (held: boolean) => void
  /** Keeps what others say to it from it, and what it answers from them. */
  readonly holdInbound: (held: boolean) => void
  /** Cuts it and another node off from each other, or heals that: where nodes can be told apart (`canCutPairs`). */
  readonly holdPair: (other: Node, held: boolean) => void
  /** Keeps what is said from an address from it. */
  readonly holdFrom: (source: string, held: boolean) => void
  readonly source: string | undefined
  readonly block: (millis: number) => void
  /** It sends no commands any more; its queries go on. */
  readonly quiet: () => void
  readonly use: (request: Request & { readonly set: string }) => Effect.Effect<Answer>
}

export interface Options extends Pick<Settings, "sets" | "view" | "reads" | "fenced"> {
  readonly url: Redacted.Redacted
  /** A pooler before the same database, if there is one. */
  readonly pooledUrl?: Redacted.Redacted
  /** The program of a node. */
  readonly entry: string
  /** Where the nodes' logs go. */
  readonly folder: string
  readonly failure: Deferred.Deferred<never, Children.ChildFailed>
  /** What the queries of a node have shown. */
  readonly onReport: (node: string, report: Report) => void
}

/** Whether one node can be told from another by where it comes from. */
export const canCutPairs: boolean = SourceAddress.of(1) !== undefined

const runnerOf = ({ host, port }: Address): string => `${host}:${port}`

const portOf = (url: Redacted.Redacted): number => Number(new URL(Redacted.value(url)).port)

const local = (port: number): Address => ({ host: "127.0.0.1", port })

export const make = (options: Options) => {
  const all: Array<Node> = []
  let lives = 0

  const startOnce: Effect.Effect<Node, Children.ChildFailed | EmbeddedPostgres.ServerError, Scope.Scope> = Effect.gen(
    function* () {
      const name = `node ${++lives}`
      const source = SourceAddress.of(lives)
      const listen = local(yield* EmbeddedPostgres.freePort)
      const inbound = yield* TcpProxy.make(Redacted.make(`tcp://${runnerOf(listen)}`))
      const database = yield* TcpProxy.make(options.url)
      const pooled = yield* options.pooledUrl === undefined
        ? Effect.succeed(database)
        : TcpProxy.make(options.pooledUrl)
      const address = local(portOf(inbound.url))
      const { fenced, reads, sets, view } = options
      let answered: (answer: Answer) => void = () => undefined
      const child = yield* Children.start<Answer | Report>({
        name,
        entry: options.entry,
        settings: {
          name,
          url: Redacted.value(database.url),
          pooledUrl: Redacted.value(pooled.url),
          address,
          listen,
          source,
          sets,
          view,
          reads,
          fenced
        } satisfies Settings,
        log: Children.logOf(options.folder, name),
        onMessage: (message) => (message._tag === "Answered" ? answered(message) : options.onReport(name, message)),
        failure: options.failure
      })
      yield* child.ready
      const node: Node = {
        ...child,
        runner: runnerOf(address),
        holdDatabase: (held) => {
          database.hold(held)
          pooled.hold(held)
        },
        holdInbound: (held) => inbound.hold(held),
        holdFrom: (other, held) => inbound.hold(held, other),
        holdPair: (other, held) => {
          if (source !== undefined) other.holdFrom(source, held)
          if (other.source !== undefined) node.holdFrom(other.source, held)
        },
        source,
        quiet: () => child.send({ _tag: "Quiet" } satisfies Request),
        block: (millis) => child.send({ _tag: "Block", millis } satisfies Request),
        use: (request) =>
          Effect.async((resume) => {
            answered = (answer) => resume(Effect.succeed(answer))
            child.send(request)
          })
      }
      all.push(node)
      return node
    }
  )
  // a port that was free is anybody's until the node listens
  const start = Effect.retry(startOnce, { times: 3, while: ({ message }) => message.includes("EADDRINUSE") })
  return {
    start,
    /** Those that run, also where they are frozen or cut off. */
    alive: (): ReadonlyArray<Node> => all.filter((node) => node.isAlive()),
    started: () => lives
  }
}

export type Nodes = ReturnType<typeof make>
