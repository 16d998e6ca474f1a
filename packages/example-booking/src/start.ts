/**
 * The application on this machine, to be looked at in a browser: a Postgres of its own, three nodes, and one address for
 * them. It runs until Ctrl-C; then everything is gone.
 */
import { parseArgs } from "node:util"
import { Array as Arr, Console, Effect, ExecutionStrategy, Scope } from "effect"
import * as Database from "./demo/database.js"
import * as Entrance from "./demo/entrance.js"
import * as Nodes from "./demo/nodes.js"
import { integer, UsageError } from "./demo/options.js"
import * as Screen from "./demo/screen.js"
import { runMain } from "./runMain.js"

const usage = `pnpm start [--nodes N] [--port N] [--keep]

  --nodes N      nodes, 1 to 8 (3)
  --port N       where the page is (8080; any free port where that is taken)
  --keep         leave the database's folder and the nodes' logs
  DATABASE_URL   use this Postgres instead of an embedded one`

const parse = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { values } = yield* Effect.try({
      try: () =>
        parseArgs({
          // pnpm hands a separating "--" on
          args: args.filter((arg) => arg !== "--"),
          options: {
            nodes: { type: "string" },
            port: { type: "string" },
            keep: { type: "boolean" },
            help: { type: "boolean", short: "h" }
          }
        }),
      catch: (error) => new UsageError({ message: error instanceof Error ? error.message : String(error) })
    })
    return {
      nodes: yield* integer("nodes", values.nodes, { min: 1, max: 8, otherwise: 3 }),
      port: yield* integer("port", values.port, { min: 0, max: 65_535, otherwise: 8080 }),
      isPortGiven: values.port !== undefined,
      keep: values.keep ?? false,
      help: values.help ?? false
    }
  })

const run = (options: Effect.Effect.Success<ReturnType<typeof parse>>) =>
  Effect.gen(function* () {
    const logs = yield* Nodes.makeLogs(options.keep)
    const databaseUrl = yield* Database.make(options.keep)
    // nodes leave together: each waits for its own processes only
    const together = yield* Effect.acquireRelease(Scope.make(ExecutionStrategy.parallel), Scope.close)
    const start = (number: number) => Scope.extend(Nodes.start(`node-${number}`, { databaseUrl, logs }), together)
    yield* Screen.say(`starting ${options.nodes} nodes`)
    const nodes = yield* Effect.forEach(Arr.range(1, options.nodes), start)
    yield* Effect.forEach(nodes, Nodes.awaitReady, { concurrency: "unbounded", discard: true })

    const targets = () => nodes.map(({ url }) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))
    const { url } = yield* Entrance.open(options.port, targets).pipe(
      Effect.catchTag("EntranceFailed", (error) => (options.isPortGiven ? error : Entrance.open(0, targets)))
    )
    yield* Screen.say(`the page is ${url}, and its machinery ${url}/machinery`)
    for (const node of nodes)
      yield* Screen.say(`  ${node.name} is ${node.runner}; kill -9 ${node.pid} and see the page go on`)
    if (options.keep) yield* Screen.say(`the nodes' logs: ${logs}`)
    yield* Effect.forEach(nodes, (node) => Effect.zipRight(node.ended, Screen.say(`${node.name} is gone`)), {
      concurrency: "unbounded",
      discard: true
    })
  }).pipe(Effect.scoped)

const main = Effect.gen(function* () {
  const options = yield* parse(process.argv.slice(2))
  yield* options.help ? Console.log(usage) : run(options)
}).pipe(Effect.catchTag("UsageError", ({ message }) => new UsageError({ message: `${message}\n\n${usage}` })))

// A terminal, pnpm and a shell may each pass the same Ctrl-C on; only the first one counts, and cleaning up is not cut off.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined)

runMain(main)
