/** Which version of a view serves, in the memory of one process, for stores whose operations are steps of their own. */
import { Clock, Duration, Effect } from "effect"

interface Serving {
  readonly version: string
  readonly swaps: number
}

/** `ViewAliases.Obstacles`, as far as it matters here. */
interface Obstacles {
  readonly behind: ReadonlyArray<unknown>
  readonly quarantined: ReadonlyArray<unknown>
}

/** How long it waits before it looks again whether the new version has caught up. */
const interval = Duration.millis(5)

export const make = () => {
  const aliases = new Map<string, Serving>()
  const servingOf = (alias: string, initial: string) => aliases.get(alias) ?? { version: initial, swaps: 0 }

  /** No other fiber runs between the look at the stores and the change. */
  const attempt = <O extends Obstacles, E>(swap: {
    readonly alias: string
    readonly initial: string
    readonly from: string
    readonly to: string
    readonly obstacles: Effect.Effect<O, E>
  }) =>
    Effect.gen(function* () {
      const { alias, from, initial, to } = swap
      const { swaps, version } = servingOf(alias, initial)
      if (version === to) return { _tag: "Swapped" as const }
      if (version !== from) return { _tag: "Other" as const, serving: version }
      const found = yield* swap.obstacles
      if (found.behind.length + found.quarantined.length > 0) return { _tag: "Refused" as const, ...found }
      aliases.set(alias, { version: to, swaps: swaps + 1 })
      return { _tag: "Swapped" as const }
    }).pipe(Effect.withMaxOpsBeforeYield(Number.MAX_SAFE_INTEGER))

  return {
    serving: (alias: string, initial: string) => Effect.sync(() => servingOf(alias, initial)),
    swap: <O extends Obstacles, E>(
      swap: Parameters<typeof attempt<O, E>>[0] & { readonly patience: Duration.Duration }
    ) =>
      Effect.gen(function* () {
        const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(swap.patience)
        for (;;) {
          const answer = yield* attempt(swap)
          const isWorthWaiting = answer._tag === "Refused" && answer.behind.length > 0
          if (!isWorthWaiting || (yield* Clock.currentTimeMillis) >= until) return answer
          yield* Effect.sleep(interval)
        }
      })
  }
}
