/** A database with a journal and an empty view, and what a projection of it begins with. */
import { Effect } from "effect"
import * as Database from "../run/Database.js"
import * as Screen from "../run/Screen.js"
import type * as Worker from "../run/Worker.js"
import type { Bare } from "../journal/programs/bare.js"
import { table } from "./BookingsView.js"
import * as Fill from "./Fill.js"
import * as Programs from "./Programs.js"
import type { Node } from "./programs/node.js"

/** Forgets the view and how far it was. */
const forgotten = [`TRUNCATE ${table}`, "DELETE FROM consumer_offset"]

export interface Filled {
  readonly url: string
  readonly bare: Worker.Worker<Bare>
  readonly node: Worker.Worker<Node>
  readonly execute: (statements: ReadonlyArray<string>) => Effect.Effect<number, Worker.WorkerFailed>
  /** As before the first event was projected. */
  readonly begin: Effect.Effect<void, Worker.WorkerFailed>
}

/** With an open node of its own; all of it is gone with the scope. */
export const make = (filling: Fill.Filling) =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const bare = yield* Programs.bare
    const node = yield* Programs.node
    yield* node.call("open", { url })
    const execute = (statements: ReadonlyArray<string>) => bare.call("execute", { url, statements })
    yield* Screen.say(`${filling.events.toLocaleString("en-US")} events of ${filling.entities} entities`)
    yield* execute(Fill.ours(filling))
    yield* Database.settle(url)
    return { url, bare, node, execute, begin: Effect.asVoid(execute(forgotten)) } satisfies Filled
  })
