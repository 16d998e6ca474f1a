/** The promises that all goes on, or comes to rest, once nothing is wrong: checked on what was recorded of a simulation. Pure. */
import * as Bounds from "./bounds.js"
import { concernsRunner } from "./faults.js"
import { type Moment, nameOf, seconds } from "./happenings.js"
import { deployments, desiredIn, grouped, keyOf, processesOf, select, type Stretch } from "./times.js"
import type { Violation } from "./violation.js"

/** In a quiet time every process that should run writes within the bound, and goes on. */
export const unrevived = (moments: ReadonlyArray<Moment>, quiet: ReadonlyArray<Stretch>): ReadonlyArray<Violation> => {
  const writes = grouped(select(moments, "Wrote"), ({ run }) => keyOf(run))
  return deployments(moments).flatMap((known) => {
    const bound = Bounds.revival(known.settings)
    return processesOf(known).flatMap((which) =>
      quiet
        .flatMap((stretch) => desiredIn(moments, which, stretch))
        .flatMap(({ from, until }): ReadonlyArray<Violation> => {
          const times = (writes.get(keyOf(which)) ?? []).map(({ at }) => at).filter((at) => at >= from && at <= until)
          let last = from
          for (const at of [...times, until]) {
            if (at - last > bound) {
              const what = `${nameOf(which)} wrote nothing from ${seconds(last)} to ${seconds(at)}, though nothing was wrong`
              return [{ at: last + bound, rule: "not revived", what }]
            }
            last = at
          }
          return []
        })
    )
  })
}

/** In a quiet time, once everything runs again, somebody always coordinates. */
export const uncoordinated = (
  moments: ReadonlyArray<Moment>,
  quiet: ReadonlyArray<Stretch>
): ReadonlyArray<Violation> => {
  const terms = grouped(select(moments, "Coordinated"), ({ deployment }) => deployment)
  return deployments(moments).flatMap(({ deployment, settings }) =>
    quiet.flatMap(({ from, until }): ReadonlyArray<Violation> => {
      let last = from + Bounds.revival(settings)
      for (const at of [...(terms.get(deployment) ?? []).map((_) => _.at).filter((time) => time < until), until]) {
        if (at - last > Bounds.office) {
          return [{ at, rule: "no coordinator", what: `nobody coordinated ${deployment} from ${seconds(last)} on` }]
        }
        last = Math.max(last, at)
      }
      return []
    })
  )
}

/** A process goes to another runner only after something has concerned a runner. */
export const needlessMoves = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const bounds = new Map(deployments(moments).map((known) => [known.deployment, Bounds.revival(known.settings)]))
  const concerned = moments.filter(
    (moment) =>
      moment._tag === "RunnerStarted" ||
      moment._tag === "RunnerGone" ||
      ((moment._tag === "FaultBegan" || moment._tag === "FaultEnded") && concernsRunner(moment.fault))
  )
  return select(moments, "Placed")
    .filter(({ from, to }) => from !== undefined && from !== to)
    .filter(({ at, which }) => {
      const reach = (bounds.get(which.deployment) ?? 0) + Bounds.avoidance
      return !concerned.some((moment) => moment.at <= at && at - moment.at <= reach)
    })
    .map(({ at, from, to, which }) => ({
      at,
      rule: "needless move",
      what: `${nameOf(which)} was moved from ${from} to ${to}, though nothing was wrong with a runner`
    }))
}

/** In a quiet time, once everything runs again, a process is placed once more at the most: no ping-pong. */
export const restless = (moments: ReadonlyArray<Moment>, quiet: ReadonlyArray<Stretch>): ReadonlyArray<Violation> =>
  deployments(moments).flatMap(({ deployment, settings }) =>
    quiet.flatMap(({ from, until }) => {
      const placed = select(moments, "Placed").filter(
        ({ at, which }) => which.deployment === deployment && at > from + Bounds.revival(settings) && at < until
      )
      return [...grouped(placed, ({ which }) => keyOf(which)).values()].flatMap((its): ReadonlyArray<Violation> => {
        const second = its[1]
        return second === undefined
          ? []
          : [
              {
                at: second.at,
                rule: "restless",
                what: `${nameOf(second.which)} was placed again and again, though nothing was wrong`
              }
            ]
      })
    })
  )

/** At the end of a long quiet time the runners have equally many processes of a deployment, within one. */
export const uneven = (
  moments: ReadonlyArray<Moment>,
  quiet: ReadonlyArray<Stretch>,
  end: number
): ReadonlyArray<Violation> => {
  const last = quiet.at(-1)
  if (last === undefined || last.until < end) return []
  const up = new Set<string>()
  for (const moment of select(moments, "RunnerStarted", "RunnerGone")) {
    up[moment._tag === "RunnerStarted" ? "add" : "delete"](moment.runner)
  }
  return deployments(moments).flatMap((known): ReadonlyArray<Violation> => {
    if (end - last.from < Bounds.revival(known.settings) + Bounds.avoidance) return []
    const placed = new Map<number, string>()
    for (const { to, which } of select(moments, "Placed")) {
      if (which.deployment === known.deployment) placed.set(which.index, to)
    }
    const counts = [...up].map((runner) => [...placed.values()].filter((to) => to === runner).length)
    return Math.max(...counts) - Math.min(...counts) <= 1
      ? []
      : [
          {
            at: end,
            rule: "uneven",
            what: `${known.deployment} has ${counts.join(", ")} processes on ${[...up].join(", ")}`
          }
        ]
  })
}
