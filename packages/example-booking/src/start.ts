/**
 * The application on this machine, to be looked at in a browser: a Postgres of its own, three nodes, and one address for
 * them. It runs until Ctrl-C; then everything is gone.
 */
import { Effect } from "effect"
import * as Entrance from "./run/entrance.js"
import * as Fleet from "./run/fleet.js"
import * as Options from "./run/options.js"
import * as Program from "./run/program.js"
import * as Screen from "./run/screen.js"

const usualPort = 8080

const options = {
  nodes: Options.nodes(1),
  port: Options.integer(
    "where the page is",
    { min: 0, max: 65_535 },
    undefined,
    `${usualPort}; any free port where that is taken`
  ),
  keep: Options.keep
}

const run = ({ keep, nodes: count, port }: Options.Values<typeof options>) =>
  Effect.gen(function* () {
    const { nodes, sayLogs } = yield* Fleet.make({ nodes: count, keep })
    const targets = () => nodes.map(({ url }) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))
    const { url } = yield* Entrance.open(port ?? usualPort, targets).pipe(
      Effect.catchTag("EntranceFailed", (error) => (port === undefined ? Entrance.open(0, targets) : error))
    )
    yield* Screen.say(`the page is ${url}, and its machinery ${url}/machinery`)
    for (const node of nodes)
      yield* Screen.say(`  ${node.name} is ${node.runner}; kill -9 ${node.pid} and see the page go on`)
    yield* sayLogs
    yield* Effect.forEach(nodes, (node) => Effect.zipRight(node.ended, Screen.say(`${node.name} is gone`)), {
      concurrency: "unbounded",
      discard: true
    })
  }).pipe(Effect.scoped)

Program.main({
  command: "pnpm start",
  options,
  more: {
    DATABASE_URL: "use this Postgres instead of an embedded one",
    OPERATOR_TOKEN: "what the machinery asks for, instead of nothing"
  },
  run
})
