/** Trying again what is set aside, by hand. */
import type { Quarantine } from "@aecor/core"
import { Effect } from "effect"
import type { Retried } from "../ProjectionModels.js"

/** Tries the keys again, one after the other, or one of them. */
export const retryEach = <E, R>(
  entries: ReadonlyArray<Quarantine.Entry>,
  key: string | undefined,
  retry: (entry: Quarantine.Entry) => Effect.Effect<Quarantine.Outcome, E, R>
): Effect.Effect<ReadonlyArray<Retried>, E, R> =>
  Effect.forEach(
    entries.filter((entry) => key === undefined || entry.key === key),
    (entry) => Effect.map(retry(entry), (outcome) => ({ entry, outcome }))
  )
