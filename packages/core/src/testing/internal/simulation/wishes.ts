/** What operators wish in a simulation, each on some runner that is well, and how it is taken back. */
import { type Duration, Effect, Exit } from "effect"
import * as Deployment from "../../../Deployment.js"
import type { KillSwitch } from "../../../KillSwitch.js"
import type { Operations } from "../../../Lease.js"
import { ProcessLease } from "../../../ProcessLease.js"
import type { Draw } from "./draw.js"
import type { Fault } from "./faults.js"
import type { Happening, Which } from "./happenings.js"
import type { Kernel, Step } from "./kernel.js"
import type { Machine } from "./machine.js"

/** A runner on which something is wished. */
export interface Desk {
  readonly machine: Machine
  readonly switches: ReadonlyMap<string, KillSwitch>
  readonly lease: Operations
}

/** How soon something is tried again, in milliseconds. */
const again = 1000

/** How long something is done to a deployment that stands still. */
const work: Duration.DurationInput = "2 seconds"

/** A wish takes so long at the most; an operator gives up then. */
const patience: Duration.DurationInput = "70 seconds"

export const make = (options: {
  readonly kernel: Kernel
  /** The runners on which something can be wished at the moment. */
  readonly desks: () => ReadonlyArray<Desk>
  /** The runners to which something may be moved. */
  readonly runners: () => ReadonlyArray<string>
  readonly record: (happening: Happening) => void
}) => {
  const { desks, kernel, record } = options
  /** How many processes each deployment has, and the newest epoch of each process. */
  const known = new Map<string, number>()
  const epochs = new Map<string, number>()
  /** Of which something is stopped. */
  const stopped = new Set<string>()
  /** To which something is done that nobody must disturb. */
  const held = new Set<string>()

  const keyOf = ({ deployment, index }: Which) => `${index}/${deployment}`
  const note = (happening: Happening): void => {
    if (happening._tag === "Known") known.set(happening.deployment, happening.processes)
    if (happening._tag === "Claimed") epochs.set(keyOf(happening.run), happening.run.epoch)
    if (happening._tag !== "Wished" || happening.held === true) return
    if (!happening.desired) stopped.add(happening.deployment)
    else if (happening.index === undefined) stopped.delete(happening.deployment)
  }

  const choose = (own: Draw) => {
    const desk = own.pick(desks())
    const name = own.pick([...(desk?.switches.keys() ?? [])])
    const killSwitch = name === undefined ? undefined : desk?.switches.get(name)
    if (desk === undefined || name === undefined || killSwitch === undefined) return undefined
    const index = own.between(0, (known.get(name) ?? 1) - 1)
    return { desk, name, killSwitch, which: { deployment: name, index } }
  }

  const wish = <E>(desk: Desk, effect: Effect.Effect<void, E>, done: Step): void => {
    desk.machine.run(Effect.timeout(effect, patience), (exit) => Exit.isSuccess(exit) && done())
  }

  const stop = (own: Draw, one: boolean): void => {
    const chosen = choose(own)
    if (chosen === undefined || held.size > 0) return
    const { desk, killSwitch, name, which } = chosen
    const index = one ? which.index : undefined
    const asked = kernel.now()
    const shutdown = one ? killSwitch.process(which.index).stop : killSwitch.shutdown
    wish(desk, shutdown, () => record({ _tag: "SwitchedOff", deployment: name, index, asked }))
  }

  /** Wishes everything running again, again and again until that is so. */
  const resume = (own: Draw): void => {
    const desk = own.pick(desks())
    for (const [name, killSwitch] of desk?.switches ?? []) {
      if (stopped.has(name) && !held.has(name)) desk?.machine.run(Effect.ignore(killSwitch.resume))
    }
    kernel.later(again, () => {
      if (stopped.size > 0) resume(own)
    })
  }

  const restart = (own: Draw): void => {
    const chosen = choose(own)
    if (chosen === undefined) return
    const { desk, killSwitch, which } = chosen
    const before = epochs.get(keyOf(which)) ?? 0
    wish(desk, killSwitch.process(which.index).restart, () => record({ _tag: "Renewed", which, before }))
  }

  const move = (own: Draw, lasts: number): void => {
    const chosen = choose(own)
    const to = own.pick(options.runners())
    if (chosen === undefined || to === undefined) return
    const { desk, killSwitch, name, which } = chosen
    wish(desk, killSwitch.process(which.index).moveTo(to), () => record({ _tag: "Moved", which, to }))
    const free = (): void => {
      const other = own.pick(desks())
      const handle = other?.switches.get(name)?.process(which.index)
      let isFree = false
      if (handle !== undefined) other?.machine.run(handle.free, (exit) => void (isFree = Exit.isSuccess(exit)))
      kernel.later(again, () => {
        if (!isFree) free()
      })
    }
    kernel.later(lasts, free)
  }

  /** Does something while a deployment stands still, and goes on with it elsewhere where its runner dies meanwhile. */
  const hold = (own: Draw): void => {
    const chosen = choose(own)
    if (chosen === undefined || held.size > 0 || stopped.size > 0) return
    const { name } = chosen
    held.add(name)
    const attempt = (desk: Desk): void => {
      let isOver = false
      const doing = Effect.gen(function* () {
        record({ _tag: "HeldStill", deployment: name })
        yield* Effect.sleep(work)
      })
      const whole = Effect.provideService(
        Deployment.whileStopped(name, () => doing),
        ProcessLease,
        desk.lease
      )
      desk.machine.run(Effect.timeout(whole, patience), (exit) => {
        isOver = true
        if (Exit.isSuccess(exit)) held.delete(name)
        else kernel.later(again, elsewhere)
      })
      const look = (): void => {
        if (isOver) return
        if (desk.machine.isAlive()) kernel.later(again, look)
        else elsewhere()
      }
      look()
    }
    const elsewhere = (): void => {
      const desk = own.pick(desks())
      if (desk === undefined) kernel.later(again, elsewhere)
      else attempt(desk)
    }
    attempt(chosen.desk)
  }

  const begin = (fault: Fault, own: Draw, lasts: number): void => {
    switch (fault._tag) {
      case "SwitchOff":
      case "StopOne":
        stop(own, fault._tag === "StopOne")
        kernel.later(lasts, () => resume(own))
        return
      case "RestartOne":
        return restart(own)
      case "MoveOne":
        return move(own, lasts)
      case "Hold":
        return hold(own)
      default:
    }
  }

  return { note, begin }
}
