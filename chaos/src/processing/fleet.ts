/** A database of its own with the tables of the writers, nodes on it, and somebody who watches them from outside. */
import { fileURLToPath } from "node:url"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Effect, Layer, type Redacted } from "effect"
import type * as Children from "../run/children.js"
import * as Model from "./model.js"
import * as Nodes from "./nodes.js"
import * as Observer from "./observer.js"
import * as Settling from "./settling.js"

export interface Options
  extends
    Pick<Nodes.Options, "sets" | "view" | "fenced" | "entry" | "folder">,
    Partial<Pick<Nodes.Options, "reads" | "onReport">> {
  readonly server: EmbeddedPostgres.Running
  /** The nodes to begin with. */
  readonly nodes: number
  /** Whether they start at once, or one after the other. */
  readonly together?: boolean
  readonly bounds?: Settling.Bounds
  /** The same database through a pooler. */
  readonly through?: (database: Redacted.Redacted) => Redacted.Redacted
}

export const make = (options: Options) =>
  Effect.gen(function* () {
    const { onReport = () => undefined, reads = 0, server, sets } = options
    const url = yield* EmbeddedPostgres.makeDatabase(server.url)
    const client = PgClient.layer({ url, applicationName: "chaos", maxConnections: 4 })
    const context = yield* Layer.build(Layer.provideMerge(Model.migrations, client))
    const sql = Context.get(context, PgClient.PgClient)
    const failure = yield* Deferred.make<never, Children.ChildFailed>()
    const observer = Observer.make(sql, sets)
    const pooled = options.through === undefined ? {} : { pooledUrl: options.through(url) }
    const nodes = Nodes.make({ ...options, ...pooled, reads, onReport, url, failure })
    const startedAt = Date.now()
    const starting = Effect.forEach(Array.from({ length: options.nodes }), () => nodes.start, {
      concurrency: options.together === false ? 1 : "unbounded",
      discard: true
    })
    const failed = Deferred.await(failure)
    yield* Effect.raceFirst(starting, failed)
    return {
      url,
      sql,
      observer,
      nodes,
      startedAt,
      failure,
      failed,
      /** Until every process has written since a moment, and all are spread evenly. */
      atRest: (since: number) =>
        Effect.raceFirst(Settling.untilAtRest(observer, nodes, sets, since, options.bounds ?? Settling.bounds), failed)
    }
  })

/** The program of a node of ours. */
export const entry = fileURLToPath(new URL("node.ts", import.meta.url))

export type Fleet = Effect.Effect.Success<ReturnType<typeof make>>
