/**
 * What an operator sees of the running application and does to it, beside its nodes and with the code of the release that
 * is to be. `ops --help` lists the commands. Each may be run again, and goes on where it was stopped.
 *
 * The answer is for people, or with `--json` one line of JSON. What changes the answers of queries, or what runs, is asked
 * before on a terminal; `--yes` answers that, and elsewhere has to be said.
 *
 * The exit code is 0 where it was done and all is right, 1 where it failed, 2 where it was not understood, 3 where it was
 * done and found something wrong, 4 where the answer to the question was no.
 */
import { Console, Data, Effect, Layer } from "effect"
import { UsageError } from "./commandLine.js"
import { Database } from "./database.js"
import { type Arguments, parse } from "./ops/Arguments.js"
import { processCommands } from "./ops/processCommands.js"
import * as Terminal from "./ops/Terminal.js"
import { viewCommands } from "./ops/viewCommands.js"
import { Migrations, Stores } from "./postgres.js"
import { runMain } from "./runMain.js"

const commands = [...processCommands, ...viewCommands]

const usage = [
  "usage: ops COMMAND … [--json] [--yes]",
  "",
  ...commands.flatMap((command) => [`  ${command.usage}`, `      ${command.does}`])
].join("\n")

class Declined extends Data.TaggedError("Declined")<{ readonly message: string }> {}

const commandOf = ({ values, words: [name, ...words] }: Arguments) => {
  const command = commands.find((one) => one.name === name)
  return command === undefined
    ? new UsageError({ message: `there is no command ${name ?? ""}\n\n${usage}` })
    : Effect.succeed({ command, args: { values, words } })
}

const agreed = ({ command, args }: Effect.Effect.Success<ReturnType<typeof commandOf>>) => {
  const question = "asks" in command ? command.asks(args) : undefined
  if (question === undefined || args.values.yes === true) return Effect.void
  if (!Terminal.canAsk()) return new UsageError({ message: `${question} Say --yes.` })
  return Effect.flatMap(Terminal.ask(question), (yes) => (yes ? Effect.void : new Declined({ message: "not done" })))
}

const ops = Effect.gen(function* () {
  const given = yield* parse(process.argv.slice(2))
  if (given.values.help === true) return yield* Console.log(usage)
  const asked = yield* commandOf(given)
  yield* agreed(asked)
  const bar = Terminal.bar(given.values.json !== true)
  const running = Effect.gen(function* () {
    return yield* asked.command.run(asked.args, bar)
  })
  const { isRight, value } = yield* running.pipe(
    Effect.ensuring(bar.end),
    Effect.provide(Layer.provideMerge(Stores, Layer.provideMerge(Migrations, Database)))
  )
  yield* Console.log(given.values.json === true ? Terminal.toJson(value) : Terminal.toText(value))
  if (!isRight) process.exitCode = 3
})

/** Failures that are the operator's own have codes of their own. */
const exitCodes: { readonly [tag: string]: number } = { UsageError: 2, Declined: 4 }

runMain(ops, (error) => exitCodes[error._tag] ?? 1)
