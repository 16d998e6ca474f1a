/**
 * One simulation from its seed: runners start, faults come and go, and all that happens is recorded. The same options
 * give the same record.
 */
import { Cause, Duration, type Effect, Exit, Layer, Logger } from "effect"
import type * as cluster from "../../../internal/processingCluster.js"
import type { KillSwitch } from "../../../KillSwitch.js"
import type { Operations } from "../../../Lease.js"
import * as Conditions from "./conditions.js"
import type { Draw } from "./draw.js"
import { type Fault, runnerName } from "./faults.js"
import type { Happening, Moment } from "./happenings.js"
import * as Kernel from "./kernel.js"
import * as Leases from "./leases.js"
import * as Machine from "./machine.js"
import * as Network from "./network.js"
import { type Deployments, program } from "./runner.js"
import * as Store from "./store.js"
import * as Wishes from "./wishes.js"

export interface Options {
  readonly draw: Draw
  readonly seed: string
  readonly runners: number
  readonly duration: Duration.Duration
  /** Run once, at the store: what the runners share, and so what they deploy. */
  readonly deployments: (lease: Operations) => Effect.Effect<Deployments, unknown>
  readonly faults: ReadonlyArray<Fault>
  /** The real leases, and what the runners are given of them. */
  readonly leases: { readonly real: Operations; readonly given: (lease: Operations) => Operations }
  readonly host: typeof cluster.make
}

interface Runner extends Wishes.Desk {
  /** Leaves in good order. */
  readonly leave: () => void
  /** Its clock steps by so many milliseconds. */
  readonly step: (by: number) => void
}

/** Clocks begin somewhere. */
const epoch = Date.UTC(2026, 0, 1)

/** The runners do not all start at once. */
const startSpread = 1500

/** How long what is left at the end has to stop, in milliseconds: all that was started ends, so that nothing stays behind. */
const disposal = 30_000

/** How soon something is tried again, in milliseconds. */
const again = 1000

export const simulate = (options: Options): ReadonlyArray<Moment> => {
  const { draw } = options
  const kernel = Kernel.make()
  const conditions = Conditions.make()
  const network = Network.make(kernel, conditions)
  const moments: Array<Moment> = []
  const record = (happening: Happening): void => {
    wishes.note(happening)
    moments.push({ ...happening, at: kernel.now() })
  }
  const runners = new Map<string, Runner>()
  const machines: Array<Machine.Machine> = []
  /** The runners that are up, or will be again. */
  const staying = new Set<string>()

  let storeOffset = 0
  const storeClock = Kernel.clockOf(kernel, epoch, () => storeOffset)
  const storeMachine = Machine.make({
    kernel,
    clock: storeClock,
    seed: `${options.seed}/store`,
    logger: logger("the store", record)
  })
  const lease = options.leases.given(Leases.observed(options.leases.real, kernel.now, record))

  const start = (name: string): void => {
    staying.add(name)
    if (runners.get(name)?.machine.isAlive() === true) {
      // it is still on its way out
      kernel.later(again, () => start(name))
      return
    }
    const own = draw.of(`${name} at ${kernel.now()}`)
    let offset = 0
    const machine = Machine.make({
      kernel,
      clock: Kernel.clockOf(kernel, epoch, () => offset),
      seed: `${options.seed}/${name} at ${kernel.now()}`,
      logger: logger(name, record)
    })
    machines.push(machine)
    const connection = Store.connect({
      kernel,
      conditions,
      machine: storeMachine,
      lease,
      record,
      runner: name,
      draw: own.of("store")
    })
    const switches = new Map<string, KillSwitch>()
    const messages = network.join(name, machine, connection, own.of("network"))
    const gone = () => {
      if (!machine.isAlive()) return
      machine.kill()
      record({ _tag: "RunnerGone", runner: name })
    }
    const { host } = options
    record({ _tag: "RunnerStarted", runner: name })
    const leave = machine.run(program({ connection, messages, deployments, host, switches, record }), gone)
    const step = (by: number) => void (offset += by)
    runners.set(name, { machine, switches, lease: connection.lease, leave, step })
  }

  const kill = (name: string): void => {
    const runner = runners.get(name)
    if (runner?.machine.isAlive() !== true) return
    runner.machine.kill()
    record({ _tag: "RunnerGone", runner: name })
  }

  const wishes = Wishes.make({
    kernel,
    desks: () => [...runners.values()].filter(({ machine }) => machine.isAlive() && !machine.isFrozen()),
    runners: () => [...runners].flatMap(([name, { machine }]) => (machine.isAlive() ? [name] : [])),
    record
  })

  /** Takes a runner away. It comes back when that is said, or nobody else would be left. */
  const takeAway = (name: string, returnsAfter: Duration.DurationInput | undefined): void => {
    staying.delete(name)
    if (returnsAfter === undefined && staying.size > 0) return
    staying.add(name)
    kernel.later(Duration.toMillis(returnsAfter ?? again), () => start(name))
  }

  const begin = (fault: Fault, own: Draw): void => {
    const lasts = "lasts" in fault ? Duration.toMillis(fault.lasts) : 0
    const runner = "runner" in fault ? runners.get(fault.runner) : undefined
    const isUp = runner?.machine.isAlive() === true
    if ("runner" in fault && fault._tag !== "Join" && !isUp) return
    record({ _tag: "FaultBegan", fault })
    let lingers = 0
    switch (fault._tag) {
      case "Kill":
      case "Leave":
        if (fault._tag === "Kill") kill(fault.runner)
        else runner?.leave()
        takeAway(fault.runner, fault.returnsAfter)
        break
      case "Join":
        if (!isUp) start(fault.runner)
        break
      case "Freeze":
        runner?.machine.freeze()
        kernel.later(lasts, () => runner?.machine.thaw())
        break
      case "ClockStep":
        storeOffset += Duration.toMillis(fault.by) * (fault.back ? -1 : 1)
        break
      case "RunnerClockStep":
        runner?.step(Duration.toMillis(fault.by) * (fault.back ? -1 : 1))
        break
      case "SwitchOff":
      case "StopOne":
      case "RestartOne":
      case "MoveOne":
      case "Hold":
        wishes.begin(fault, own, lasts)
        break
      default:
        conditions.begin(fault)
        lingers = Conditions.longest
        kernel.later(lasts, () => conditions.end(fault))
    }
    kernel.later(lasts + lingers, () => record({ _tag: "FaultEnded", fault }))
  }

  let deployments: Deployments = Layer.empty
  storeMachine.run(options.deployments(lease), (exit) => {
    if (Exit.isFailure(exit)) throw new Error(`what the runners share cannot be built: ${Cause.pretty(exit.cause)}`)
    deployments = exit.value
  })
  for (let n = 0; n < options.runners; n++) {
    kernel.later(draw.of(`start ${n}`).between(0, startSpread), () => start(runnerName(n)))
  }
  for (const [n, fault] of options.faults.entries()) {
    kernel.later(Duration.toMillis(fault.at), () => begin(fault, draw.of(`fault ${n}`)))
  }
  kernel.runUntil(Duration.toMillis(options.duration))
  const result = [...moments]
  for (const machine of [storeMachine, ...machines]) machine.dispose()
  kernel.runUntil(kernel.now() + disposal)
  return result
}

const logger = (runner: string, record: (happening: Happening) => void): Logger.Logger<unknown, void> =>
  Logger.make(({ message }) => {
    const [first] = Array.isArray(message) ? message : [message]
    record({ _tag: "Said", runner, message: String(first) })
  })
