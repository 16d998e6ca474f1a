/**
 * Which runner each process of a deployment belongs to: even (the fullest and the emptiest runner differ by one at the
 * most), sticky (a process stays where it is when that is even), with the fewest moves. Pure.
 */
import { Option } from "effect"

/** A process and the live runner that has it now, if any; and the runners that it must not go to. */
export interface Placed {
  readonly index: number
  readonly at: Option.Option<string>
  readonly avoid: ReadonlySet<string>
}

/**
 * The runner of each process by index. Empty when there is no runner. A process that avoids every runner stays
 * without one; avoided runners can make the result uneven, nothing else does.
 */
export const balance = (
  processes: ReadonlyArray<Placed>,
  runners: ReadonlyArray<string>
): ReadonlyMap<number, string> => {
  const has = new Map(runners.map((runner) => [runner, [] as Array<Placed>]))
  const homeless: Array<Placed> = []
  for (const process of processes) {
    const home = Option.flatMapNullable(process.at, (at) => (process.avoid.has(at) ? undefined : has.get(at)))
    if (Option.isSome(home)) home.value.push(process)
    else homeless.push(process)
  }
  // the fullest keep the larger share, so that the fewest move
  const byFullness = [...has.keys()].toSorted((a, b) => countOf(has, b) - countOf(has, a) || (a < b ? -1 : 1))
  const share = Math.floor(processes.length / Math.max(1, runners.length))
  const larger = processes.length % Math.max(1, runners.length)
  const quota = new Map(byFullness.map((runner, rank) => [runner, share + (rank < larger ? 1 : 0)]))
  const room = (runner: string) => (quota.get(runner) ?? 0) - countOf(has, runner)

  for (const runner of byFullness) {
    while (room(runner) < 0) homeless.push(...(has.get(runner) ?? []).splice(-1))
  }
  // those that can go to fewer runners choose first
  const choosing = homeless.toSorted((a, b) => b.avoid.size - a.avoid.size || a.index - b.index)
  for (const process of choosing) {
    const allowed = byFullness.filter((runner) => !process.avoid.has(runner))
    const target = allowed.toSorted((a, b) => room(b) - room(a))[0]
    if (target !== undefined) has.get(target)?.push(process)
  }
  return new Map([...has].flatMap(([runner, its]) => its.map((process) => [process.index, runner] as const)))
}

const countOf = (has: ReadonlyMap<string, ReadonlyArray<Placed>>, runner: string): number =>
  has.get(runner)?.length ?? 0
