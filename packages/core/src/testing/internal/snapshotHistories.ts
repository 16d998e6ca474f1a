/** The part of `SnapshotStoreSuite` that holds for any history: snapshots never change a result. */
import type { KeyValueStore } from "@effect/platform"
import { expect } from "@effect/vitest"
import { Effect, FastCheck, Option, Stream } from "effect"
import { layer as storeLayer, SnapshotStore } from "../../SnapshotStore.js"
import { type Desk, desk, on, saved, snapshotKey, unsaved, Written } from "./diary.js"
import type { SharedTests } from "./sharedLayer.js"
import { freshKey } from "./suiteJournal.js"

const texts = FastCheck.array(FastCheck.constantFrom("a", "b", "c"), { maxLength: 4 })
/** How many events are taken back; none, mostly. */
const back = FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(4))
const id = FastCheck.option(FastCheck.nat(4), { nil: undefined })

/**
 * What befalls an entity: commands, some of them again; other writers; a start of the process, after a crash with the
 * snapshots that waited lost; a journal put back by some events, with others in their place.
 */
const anyStep = FastCheck.oneof(
  { arbitrary: FastCheck.record({ what: FastCheck.constant("write" as const), texts, id }), weight: 5 },
  { arbitrary: FastCheck.record({ what: FastCheck.constantFrom("tear" as const), id }), weight: 2 },
  { arbitrary: FastCheck.record({ what: FastCheck.constantFrom("read" as const, "glance" as const) }), weight: 2 },
  { arbitrary: FastCheck.record({ what: FastCheck.constantFrom("start" as const, "crash" as const) }), weight: 3 },
  { arbitrary: FastCheck.record({ what: FastCheck.constant("elsewhere" as const), texts, by: back }), weight: 2 }
)
type Step = typeof anyStep extends FastCheck.Arbitrary<infer A> ? A : never

/** What becomes of one use of the store: `stale` reads what was there before, `torn` writes half of it. */
const anyFault = FastCheck.oneof(
  { arbitrary: FastCheck.constant("none"), weight: 12 },
  { arbitrary: FastCheck.constantFrom("fails", "stale", "lost", "torn"), weight: 4 }
)

/** A store whose uses meet the faults in turn, and that hears nothing while it is deaf. */
const faulty = (store: KeyValueStore.KeyValueStore, faults: ReadonlyArray<string>) => {
  const left = [...faults]
  const older = new Map<string, string>()
  const broken = Effect.dieMessage("the store is broken")
  const state = { deaf: false }
  const layer = storeLayer({
    ...store,
    get: (key) =>
      Effect.suspend(() => {
        const fault = left.shift()
        if (fault === "fails") return broken
        return fault === "stale" ? Effect.succeed(Option.fromNullable(older.get(key))) : store.get(key)
      }),
    set: (key, value) =>
      Effect.gen(function* () {
        const fault = left.shift()
        if (fault === "fails") return yield* broken
        if (state.deaf || fault === "lost" || typeof value !== "string") return
        const before = yield* store.get(key)
        if (Option.isSome(before)) older.set(key, before.value)
        yield* store.set(key, fault === "torn" ? value.slice(0, value.length / 2) : value)
      })
  })
  return { state, layer }
}

/** Lives through the steps; gives what was answered, and what the journal holds in the end. */
const live = (
  at: Desk,
  served: Parameters<Desk["open"]>[0],
  key: string,
  steps: ReadonlyArray<Step>,
  state: { deaf: boolean }
) =>
  Effect.gen(function* () {
    const { journal } = at
    const head = Stream.runCount(journal.read(key, 1))
    let diary = yield* at.open(served)
    const answers: Array<unknown> = []
    const answer = <A, E>(command: Effect.Effect<A, E>) =>
      Effect.map(Effect.either(command), (either) => answers.push(either))
    const sent = (number: number | undefined) => (number === undefined ? {} : { commandId: `c-${number}` })
    for (const step of steps) {
      const commands = diary.receipts(key)
      if (step.what === "write") yield* answer(commands.Write({ texts: step.texts }, sent(step.id)))
      if (step.what === "tear") yield* answer(commands.Tear(undefined, sent(step.id)))
      if (step.what === "read") yield* answer(commands.Read())
      if (step.what === "glance") yield* answer(commands.Glance())
      if (step.what === "elsewhere") {
        const kept = Math.max(0, (yield* head) - step.by)
        yield* journal.rewind(key, kept)
        yield* journal.append(
          key,
          kept,
          step.texts.map((text) => new Written({ text, on }))
        )
      }
      if (step.what === "start" || step.what === "crash") {
        state.deaf = step.what === "crash"
        yield* at.shut
        state.deaf = false
        diary = yield* at.open(served)
      }
    }
    yield* answer(diary.receipts(key).Read())
    const stored = yield* Stream.runCollect(journal.read(key, 1))
    return { answers, stored: [...stored].map(({ event, sequence }) => ({ event, sequence })) }
  })

export const never = (it: SharedTests<SnapshotStore>, runs: number): void => {
  it.prop(
    "never change a result, whatever happens to the entity, its journal and the store",
    {
      steps: FastCheck.array(anyStep, { maxLength: 40, size: "max" }),
      every: FastCheck.integer({ min: 1, max: 7 }),
      faults: FastCheck.array(anyFault, { maxLength: 40, size: "max" })
    },
    ({ every, faults, steps }) =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore
        const key = freshKey()
        const { layer, state } = faulty(store, faults)
        const [without, withThem] = [yield* desk, yield* desk]
        const expected = yield* live(without, unsaved, key, steps, { deaf: false })
        expect(yield* Effect.provide(live(withThem, saved(every), key, steps, state), layer)).toEqual(expected)

        // and they are used: what is saved in the end is all that is needed
        const { length } = expected.stored
        const more = Array.from({ length: every }, () => "x")
        yield* (yield* withThem.open(saved(every)))(key).Write({ texts: more })
        const again = yield* withThem.open(saved(every))
        withThem.reads.length = 0
        yield* again(key).Read()
        expect(withThem.reads).toEqual([length + every])
        yield* store.remove(snapshotKey(key))
      }),
    runs
  )
}
