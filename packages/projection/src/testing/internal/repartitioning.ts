/** The tests of `RepartitionSuite`. */
import { type Journal, type OffsetStore, ProcessLease } from "@aecor/core"
import { expect } from "@effect/vitest"
import { Effect, Exit, Option, Ref, type Scope, Stream } from "effect"
import * as Repartition from "../../Repartition.js"
import {
  add,
  added,
  FewJournal,
  ManyJournal,
  mortal,
  type Note,
  nothing,
  type Release,
  release,
  SumsView
} from "./repartitionScene.js"
import { settle } from "./virtualTime.js"

export type Services = FewJournal | ManyJournal | SumsView | OffsetStore.OffsetStore | ProcessLease.ProcessLease

type Test = <E>(name: string, body: () => Effect.Effect<void, E, Services | Scope.Scope>, timeout: number) => void

const timeout = 120_000

export const repartitionTests = (it: Test, every: number): void => {
  it(
    "loses no event, repeats none and keeps the order of each key, after whatever step the command was killed",
    () =>
      settle(
        Effect.gen(function* () {
          const notes: Array<Note> = []
          const keys = Array.from({ length: 8 }, (_, i) => `${globalThis.crypto.randomUUID()} ${i}`)
          const few = release(FewJournal, notes)
          const many = release(ManyJournal, notes)
          yield* few.node
          yield* many.node
          const writing = yield* load([yield* FewJournal, yield* ManyJournal], keys)

          let steps = 0
          let ended = false
          for (let round = 0; !ended; round++) {
            ended = yield* round % 2 === 0 ? attempt(ManyJournal, many, steps) : attempt(FewJournal, few, steps)
            yield* round % 2 === 0 ? finished(ManyJournal, many, 5) : finished(FewJournal, few, 3)
            steps += every
          }
          // each deployment is suspended, seized and reshaped, and its offsets are moved
          expect(steps).toBeGreaterThan(10)

          yield* writing.stop
          const view = yield* SumsView
          const expected = yield* writing.written
          for (const [key, amounts] of expected) {
            yield* view.awaitReceipt({ key, sequence: amounts.length }, "20 seconds")
            const row = yield* view.get(key)
            expect(Option.getOrThrow(row).view).toEqual(amounts.reduce(add, nothing))
          }
          const total = [...expected.values()].reduce((sum, amounts) => sum + amounts.length, 0)
          yield* Effect.sleep("50 millis").pipe(Effect.repeat({ until: () => notes.length >= total }))
          for (const [key, amounts] of expected) {
            const met = notes.filter((note) => note.key === key).map(({ sequence }) => sequence)
            expect(met).toEqual(amounts.map((_, i) => i + 1))
          }
        })
      ),
    timeout
  )

  it(
    "waits for what is left of the old partitions, says who is behind, and leaves the deployment as it was",
    () =>
      settle(
        Effect.gen(function* () {
          const [few, many] = [release(FewJournal, []), release(ManyJournal, [])]
          const lease = yield* ProcessLease.ProcessLease
          const { name } = few.projections[0]
          const from = Option.map(yield* lease.shape(name), ({ processes }) => processes)
          const waiting = { timeout: "1 second" } as const
          const next: Effect.Effect<unknown, Repartition.RepartitionError, Services> = Option.contains(from, 5)
            ? run(FewJournal, few.projections.slice(0, 1), waiting)
            : run(ManyJournal, many.projections.slice(0, 1), waiting)
          const present = yield* FewJournal
          const key = globalThis.crypto.randomUUID()
          yield* present.append(key, 0, [added(1)])
          const stopped = yield* lease.list(name)
          const before = yield* lease.shape(name)
          const error = yield* Effect.flip(next)
          expect(error).toMatchObject({ _tag: "NotDrained", projection: name })
          expect(String(error)).toMatch(/at \d+ of \d+/)
          expect(yield* lease.shape(name)).toEqual(before)
          expect((yield* lease.list(name)).map((_) => _.desired)).toEqual(stopped.map((_) => _.desired))
        })
      ),
    timeout
  )
}

type Target = Pick<Release<unknown>, "projections">

const run = <J, E>(
  journal: Journal.Any<J, E>,
  projections: ReadonlyArray<Repartition.Repartitioned<SumsView | OffsetStore.OffsetStore>>,
  options: Repartition.Options = {}
) => Repartition.run(journal, projections, { patience: "3 seconds", ...options })

/** One call that is killed after so many steps; gives whether it came to its end before. */
const attempt = Effect.fnUntraced(function* <J, E>(journal: Journal.Any<J, E>, { projections }: Target, steps: number) {
  const { isDead, journals, leases, projections: mortals } = mortal(steps)
  const exit = yield* run(
    journal,
    projections.map((one) => mortals<SumsView | OffsetStore.OffsetStore>(one))
  ).pipe(
    Effect.provideServiceEffect(journal, Effect.map(journal, journals)),
    Effect.provideServiceEffect(ProcessLease.ProcessLease, Effect.map(ProcessLease.ProcessLease, leases)),
    Effect.exit
  )
  expect(Exit.isSuccess(exit)).toBe(!isDead())
  return Exit.isSuccess(exit)
})

/** The next call, which finishes what the one before has left. */
const finished = Effect.fnUntraced(function* <J, E>(
  journal: Journal.Any<J, E>,
  { projections }: Target,
  partitions: number
) {
  const report = yield* run(journal, projections)
  expect(report).toMatchObject({ partitions, projections: [{ running: true }, { running: true }] })
  expect(yield* run(journal, projections)).toMatchObject({
    since: report.since,
    projections: [{ outcome: "There" }, { outcome: "There" }]
  })
})

/** Writers that go on until they are stopped, each key by code of both releases in turn. */
const load = Effect.fnUntraced(function* (
  journals: readonly [Journal.Journal<ReturnType<typeof added>>, Journal.Journal<ReturnType<typeof added>>],
  keys: ReadonlyArray<string>
) {
  const going = yield* Ref.make(true)
  const scope = yield* Effect.scope
  const writer = (key: string) =>
    Effect.gen(function* () {
      for (let n = 0; yield* Ref.get(going); n++) {
        yield* journals[n % 2 === 0 ? 0 : 1].append(key, n, [added(n)])
        yield* Effect.sleep("50 millis")
      }
    })
  const fibers = yield* Effect.forEach(keys, (key) => Effect.forkIn(writer(key), scope))
  return {
    stop: Effect.zipRight(
      Ref.set(going, false),
      Effect.forEach(fibers, (fiber) => fiber.await, { discard: true })
    ),
    written: Effect.map(
      Effect.forEach(keys, (key) =>
        Effect.map(
          Stream.runCollect(journals[0].read(key, 1)),
          (events) => [key, [...events].map(({ event }) => event.amount)] as const
        )
      ),
      (all) => new Map(all)
    )
  }
})
