/** The promises that nothing wrong happens, whatever else does: checked on what was recorded of a simulation. Pure. */
import { Duration } from "effect"
import * as Bounds from "./bounds.js"
import { isWish } from "./faults.js"
import { type Moment, nameOf, type Run, runText, seconds, type Which } from "./happenings.js"
import { deployments, type Disturbance, grouped, isSaidOf, keyOf, processesOf, select, type Stretch } from "./times.js"
import type { Violation } from "./violation.js"

/** After a write of an epoch no write of an older one takes effect. */
export const staleWrites = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const newest = new Map<string, Run>()
  return select(moments, "Wrote").flatMap(({ at, run }): ReadonlyArray<Violation> => {
    const before = newest.get(keyOf(run))
    if (before === undefined || run.epoch >= before.epoch) {
      newest.set(keyOf(run), run)
      return []
    }
    return [{ at, rule: "stale write", what: `${runText(run)} wrote after ${runText(before)}` }]
  })
}

/** An owner that beats is not robbed; where the store's clock has just stepped, beats look otherwise than they are. */
export const robberies = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const steps = select(moments, "FaultBegan").filter(({ fault }) => fault._tag === "ClockStep")
  return select(moments, "Claimed")
    .filter(({ owner, silentFor }) => owner !== undefined && silentFor < Bounds.robbery)
    .filter(({ at }) => !steps.some((step) => step.at <= at && at - step.at <= Bounds.robbery))
    .map(({ at, owner, run, silentFor }) => ({
      at,
      rule: "robbed owner",
      what: `${runText(run)} took it from ${owner}, which had beaten ${seconds(silentFor)} before`
    }))
}

/** When a stop has answered nothing writes of what was stopped, until somebody wishes it running again. */
export const lateWrites = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const all = deployments(moments).flatMap(processesOf)
  const off = new Map<string, number>()
  const resumed = new Map<string, number>()
  const violations: Array<Violation> = []
  for (const moment of moments) {
    if (moment._tag === "Wished" && moment.desired) {
      for (const key of all.filter((which) => isSaidOf(moment, which)).map(keyOf)) {
        off.delete(key)
        resumed.set(key, moment.at)
      }
    }
    if (moment._tag === "SwitchedOff") {
      for (const key of all.filter((which) => isSaidOf(moment, which)).map(keyOf)) {
        if (!(moment.asked <= (resumed.get(key) ?? -1))) off.set(key, moment.at)
      }
    }
    const since = moment._tag === "Wrote" ? off.get(keyOf(moment.run)) : undefined
    if (moment._tag === "Wrote" && since !== undefined) {
      violations.push({
        at: moment.at,
        rule: "write after the kill switch",
        what: `${runText(moment.run)} wrote ${seconds(moment.at - since)} after the kill switch had answered`
      })
    }
  }
  return violations
}

/** While something is done to a deployment that stands still nothing of it writes. */
export const disturbances = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const still = new Set<string>()
  return moments.flatMap((moment): ReadonlyArray<Violation> => {
    if (moment._tag === "HeldStill") still.add(moment.deployment)
    if (moment._tag === "LetGo") still.delete(moment.deployment)
    return moment._tag === "Wrote" && still.has(moment.run.deployment)
      ? [{ at: moment.at, rule: "write while it stands still", what: `${runText(moment.run)} wrote` }]
      : []
  })
}

/** What is said to run anew, or on a runner, does, or did a moment ago: answers may be late. */
export const falseAnswers = (moments: ReadonlyArray<Moment>): ReadonlyArray<Violation> => {
  const claims = grouped(select(moments, "Claimed"), ({ run }) => keyOf(run))
  const until = (which: Which, at: number) => (claims.get(keyOf(which)) ?? []).filter((claim) => claim.at <= at)
  const renewed = select(moments, "Renewed")
    .filter(({ at, before, which }) => !until(which, at).some(({ run }) => run.epoch > before))
    .map(({ at, before, which }) => ({ at, what: `${nameOf(which)} did not run anew after epoch ${before}` }))
  const wishes = select(moments, "Wished")
  // what is not to run is only pinned
  const isToRun = (which: Which, at: number) =>
    !wishes.some((wish) => isSaidOf(wish, which) && wish.at <= at && wish.at >= at - Bounds.lateAnswer) &&
    wishes.findLast((wish) => isSaidOf(wish, which) && wish.at <= at)?.desired !== false
  const moved = select(moments, "Moved")
    .filter(({ at, which }) => isToRun(which, at))
    .filter(({ at, to, which }) => {
      const before = until(which, at)
      const recent = before.filter((claim) => claim.at >= at - Bounds.lateAnswer)
      return ![...recent, ...before.slice(0, before.length - recent.length).slice(-1)].some(
        ({ run }) => run.runner === to
      )
    })
    .map(({ at, to, which }) => ({ at, what: `${nameOf(which)} did not run on ${to}` }))
  return [...renewed, ...moved].map((one) => ({ ...one, rule: "false answer" }) as const)
}

/** Whether a run cannot be waited for: those of a runner that leaves and of a switch can. */
export const keepsFromWaiting = (disturbance: Disturbance): boolean =>
  "fault" in disturbance && !isWish(disturbance.fault) && !["Leave", "Join"].includes(disturbance.fault._tag)

/** A run begins after the one before has stopped, unless that one's time to stop is over or something was wrong. */
export const overlaps = (moments: ReadonlyArray<Moment>, quiet: ReadonlyArray<Stretch>): ReadonlyArray<Violation> => {
  const timeouts = new Map(
    deployments(moments).map(({ deployment, settings }) => [deployment, Duration.toMillis(settings.shutdownTimeout)])
  )
  const present = new Map<string, { readonly run: Run; stoppingSince: number }>()
  const violations: Array<Violation> = []
  for (const moment of select(moments, "Began", "Stopping", "Ended", "RunnerGone")) {
    if (moment._tag === "RunnerGone") {
      for (const [key, { run }] of present) if (run.runner === moment.runner) present.delete(key)
      continue
    }
    const key = keyOf(moment.run)
    const other = present.get(key)
    if (moment._tag === "Began") {
      const isLate = other !== undefined && moment.at - other.stoppingSince >= (timeouts.get(other.run.deployment) ?? 0)
      const isDeep = quiet.some(({ from, until }) => moment.at > from + Bounds.office && moment.at < until)
      if (other !== undefined && !isLate && isDeep) {
        violations.push({
          at: moment.at,
          rule: "overlap",
          what: `${runText(moment.run)} began before ${runText(other.run)} had stopped`
        })
      }
      present.set(key, { run: moment.run, stoppingSince: Number.POSITIVE_INFINITY })
    }
    if (other?.run.epoch !== moment.run.epoch) continue
    if (moment._tag === "Stopping") other.stoppingSince = Math.min(other.stoppingSince, moment.at)
    if (moment._tag === "Ended") present.delete(key)
  }
  return violations
}
