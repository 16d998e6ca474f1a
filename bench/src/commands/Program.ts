/** A competitor's program: a process with a database of its own. */
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import * as Database from "../run/Database.js"
import * as Worker from "../run/Worker.js"
import type { Competitor } from "./Competitor.js"
import type { Commands } from "./Serving.js"

/** Room for what does not live long: a command leaves much of it, whosever it is. */
const asNodesHave = ["--max-semi-space-size=64"]

export const start = Effect.fnUntraced(function* (competitor: Competitor) {
  const url = yield* Database.make
  const program = fileURLToPath(new URL(`programs/${competitor}.ts`, import.meta.url))
  const worker = yield* Worker.start<Commands>(program, asNodesHave)
  yield* worker.call("open", { url, port: yield* Database.freePort })
  return [competitor, worker] as const
})
