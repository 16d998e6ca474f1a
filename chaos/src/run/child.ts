/** A process that another one of this program has started: what it is given, what it tells, and how it ends. */
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"

/** `Ready`: it begins. `Done`: it has nothing more to say. */
export interface Lifecycle {
  readonly _tag: "Ready" | "Done"
}

const variable = "CHAOS_SETTINGS"

export const environmentOf = (settings: unknown): Record<string, string> => ({ [variable]: JSON.stringify(settings) })

/** What the parent has given it: of the type that the parent's code has for it. */
export const settings = <A>(): A => JSON.parse(process.env[variable] ?? "{}") as A

/** Tells it to the parent. */
export const tell = <Message extends { readonly _tag: string }>(message: Message): void => void process.send?.(message)

export const tellReady = (): void => tell<Lifecycle>({ _tag: "Ready" })

/** Runs a child's program. It ends by itself when its parent is gone; Ctrl-C is for the parent. */
export const run = <E>(program: Effect.Effect<void, E>): void => {
  process.on("disconnect", () => process.exit(1))
  process.on("SIGINT", () => undefined)
  const lastWord = Effect.async<void>(
    (resume) => void process.send?.({ _tag: "Done" } satisfies Lifecycle, () => resume(Effect.void))
  )
  NodeRuntime.runMain(
    Effect.zipRight(
      Effect.zipRight(program, lastWord),
      Effect.sync(() => process.exit(0))
    )
  )
}
