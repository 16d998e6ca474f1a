/**
 * Cells measured in turn. A machine is never as fast as it was a minute ago, so what is compared runs close together, in
 * every round once, and each round begins at another place: none always runs first, or after the same neighbour.
 */
import { Effect } from "effect"

/** The list, begun at another place. */
export const rotated = <A>(list: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const start = list.length === 0 ? 0 : by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

/** What each cell measured, by its name, one value a round. */
export type Series<A> = ReadonlyMap<string, ReadonlyArray<A>>

/** Runs each cell of each group in every round. A group is what is compared with each other. */
export const run = <A, E, R>(
  rounds: number,
  groups: ReadonlyArray<ReadonlyArray<readonly [name: string, cell: (round: number) => Effect.Effect<A, E, R>]>>
): Effect.Effect<Series<A>, E, R> =>
  Effect.gen(function* () {
    const series = new Map<string, Array<A>>()
    for (let round = 0; round < rounds; round++) yield* once(round, groups, series)
    return series
  })

/** One round. */
export const once = Effect.fnUntraced(function* <A, E, R>(
  round: number,
  groups: ReadonlyArray<ReadonlyArray<readonly [name: string, cell: (round: number) => Effect.Effect<A, E, R>]>>,
  series: Map<string, Array<A>>
) {
  for (const group of rotated(groups, round)) {
    for (const [name, cell] of rotated(group, round)) {
      series.set(name, [...(series.get(name) ?? []), yield* cell(round)])
    }
  }
})
