/** The operating system's processes that write and read. They are gone when the scope closes. */
import { fileURLToPath } from "node:url"
import type { Deferred, Effect, Scope } from "effect"
import * as Children from "../run/children.js"
import { given, type Message, type Settings } from "./messages.js"

export type Worker = Children.Running

/** They make much that does not live long: with more room for it, collecting costs less. */
const flags = ["--max-semi-space-size=64"]

export interface Options extends Settings {
  readonly kind: "reader" | "writer"
  readonly folder: string
  readonly onMessage: (message: Message) => void
  /** Fails when a worker ends that has begun, and nobody has ended it. */
  readonly failure: Deferred.Deferred<never, Children.ChildFailed>
}

export const start = (options: Options): Effect.Effect<Worker, Children.ChildFailed, Scope.Scope> => {
  const { failure, folder, kind, life, onMessage, place } = options
  return Children.start({
    name: `${kind} ${place + 1}`,
    entry: fileURLToPath(new URL(`${kind}.ts`, import.meta.url)),
    flags,
    settings: given(options),
    log: Children.logOf(folder, `${kind} ${life}`),
    onMessage,
    failure
  })
}
