import { DistributedProcessing, EntityHost, OffsetStore, ProcessLease } from "@aecor/core"
import { Timers } from "@aecor/projection"
import { TimersSuite } from "@aecor/projection/testing"
import { describe, expect, it } from "@effect/vitest"
import { Array, Chunk, DateTime, Duration, Effect, Layer, Metric, Stream, TestClock } from "effect"
import { Mail, MailJournal, OrderJournal } from "./managers/orders.js"
import { tell } from "./timers/independent.js"
import { plan, remind, ReminderJournal, reminders } from "./timers/reminders.js"

const { FiredJournal } = TimersSuite

const memory = Layer.mergeAll(FiredJournal.layerMemory, Timers.layerMemory, DistributedProcessing.layerLocal).pipe(
  Layer.provideMerge(ProcessLease.layerMemory)
)

const inSeconds = (seconds: number) => Effect.map(DateTime.now, DateTime.add({ seconds }))

const document = Layer.mergeAll(
  DistributedProcessing.deploy(reminders.name, reminders.processes),
  DistributedProcessing.deploy(plan.name, plan.processes),
  DistributedProcessing.deploy(remind.name, remind.processes),
  DistributedProcessing.deploy(tell.name, tell.processes)
).pipe(
  Layer.provideMerge(
    Mail.layer({
      Tell: ({ text }, session) => session.append({ _tag: "Told", text }),
      All: (_, session) => session.state
    })
  ),
  Layer.provideMerge(
    Layer.mergeAll(
      OrderJournal.layerMemory,
      MailJournal.layerMemory,
      ReminderJournal.layerMemory,
      OffsetStore.layerMemory,
      EntityHost.layerLocal
    ).pipe(Layer.provideMerge(memory))
  )
)

/** By how many milliseconds each timer was late. */
const lateness = Effect.gen(function* () {
  const journal = yield* FiredJournal
  const all = yield* Effect.forEach(FiredJournal.tagging.tags, (tag) =>
    Stream.runCollect(journal.currentEventsByTag(tag, 0))
  )
  return all
    .flatMap((chunk) => Chunk.toReadonlyArray(chunk))
    .map(({ event, timestamp }) => [event.id, timestamp - event.due.epochMillis] as const)
    .toSorted()
})

describe("Timers", () => {
  it.scoped("an order leads to a reminder three days later, as the document has it", () =>
    Effect.gen(function* () {
      const orders = yield* OrderJournal
      const mail = yield* Mail
      const told = mail("ann").All()
      yield* orders.append("ann", 0, [{ _tag: "Ordered", item: "lamp", price: 5 }])
      yield* TestClock.adjust("1 second")
      const timers = yield* Timers.Timers
      const [timer] = yield* timers.pending(reminders.name, { most: 1 })
      if (timer === undefined) return yield* Effect.dieMessage("no timer is pending")
      expect(timer.payload).toEqual({ customer: "ann", item: "lamp" })
      expect(timer.due.epochMillis).toBe(Duration.toMillis("3 days"))
      // three days of a host that beats every second would be a long test
      expect(yield* timers.schedule({ ...timer, due: yield* inSeconds(10) })).toBe("Rescheduled")
      yield* TestClock.adjust("9 seconds")
      expect(yield* told).toEqual([])
      yield* TestClock.adjust("2 seconds")
      expect(yield* told).toEqual(["how do you like the lamp?"])
      expect(yield* mail("office").All()).toEqual([`${timer.id} is due`])
    }).pipe(Effect.provide(document))
  )

  it.scoped("are fired on time, whether a process slept towards them or had to be woken", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      const schedule = (id: string, seconds: number) =>
        Effect.flatMap(inSeconds(seconds), (due) => timers.schedule({ name: "Reminders", id, due }))
      const { name, processes } = Timers.firing("Reminders", { journal: FiredJournal, processes: 2 })
      yield* DistributedProcessing.start(name, processes)
      yield* schedule("far", 20)
      yield* TestClock.adjust("1 second")
      yield* schedule("near", 2)
      yield* schedule("within the horizon", 9)
      yield* schedule("beyond it", 11)
      yield* schedule("now", 0)
      yield* Effect.repeatN(TestClock.adjust("1 second"), 22)
      expect(yield* lateness).toEqual([
        ["beyond it", 0],
        ["far", 0],
        ["near", 0],
        ["now", 0],
        ["within the horizon", 0]
      ])
    }).pipe(Effect.provide(memory))
  )

  it.scoped("a process that has nothing to do looks twice in the horizon", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      const due = yield* inSeconds(7200)
      yield* Effect.forEach(Array.makeBy(100, String), (id) => timers.schedule({ name: "Idle", id, due }))
      let looks = 0
      const untilDue: typeof timers.untilDue = (share) =>
        Effect.zipRight(
          Effect.sync(() => looks++),
          timers.untilDue(share)
        )
      const { name, processes } = Timers.firing("Idle", { journal: FiredJournal })
      yield* DistributedProcessing.start(
        name,
        processes.map((process) => Effect.provideService(process, Timers.Timers, { ...timers, untilDue }))
      )
      yield* Effect.repeatN(TestClock.adjust("20 seconds"), 1)
      expect(looks).toBeGreaterThanOrEqual(8)
      expect(looks).toBeLessThanOrEqual(10)
    }).pipe(Effect.provide(memory))
  )

  it.scoped("are counted when they are fired", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      yield* timers.schedule({ name: "Counted", id: "a", due: yield* inSeconds(1) })
      const { name, processes } = Timers.firing("Counted", { journal: FiredJournal })
      yield* DistributedProcessing.start(name, processes)
      yield* TestClock.adjust("2 seconds")
      const fired = (yield* Metric.snapshot).filter(
        ({ metricKey: { name: metric, tags } }) =>
          metric === "aecor_timers_fired" && tags.some(({ value }) => value === "Counted")
      )
      expect(fired.map(({ metricState }) => metricState)).toMatchObject([{ count: 1 }])
    }).pipe(Effect.provide(memory))
  )

  it("refuses a number of processes that its timers cannot be shared by, and a page without timers", () => {
    for (const processes of [0, 1.5, Timers.slots + 1]) {
      expect(() => Timers.firing("Bad", { journal: FiredJournal, processes })).toThrow(RangeError)
    }
    expect(() => Timers.firing("Bad", { journal: FiredJournal, pageSize: 0 })).toThrow(RangeError)
  })

  it("a timer's slot never changes: it is stored", () => {
    expect(["a", "b", "ü", ""].map((id) => Timers.slotOf("Reminders", id))).toEqual([6, 7, 14, 0])
    expect(Timers.keyOf("Reminders", 'a"b')).toBe('["Reminders","a\\"b"]')
  })
})
