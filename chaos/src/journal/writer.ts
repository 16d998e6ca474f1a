/**
 * A writer's process: four writers that append to keys of their own, and one time in eight to keys that all writers
 * share. They only ever guess a key's head; a conflict tells them better. Ends when it is told to stop.
 */
import { Effect, Random } from "effect"
import * as Diary from "./diary.js"
import * as Child from "../run/child.js"
import * as Messages from "./messages.js"
import * as Model from "./model.js"

/** Writers in one process. */
const writers = 4
/** Appends that a writer has on their way at once. */
const inFlight = 4
const ownKeys = 250
const sharedKeys = 64

const settings = Messages.settings()
const state = { stopping: false, sent: 0 }
const progress = { events: 0, conflicts: 0 }

/** Keys below `sharedKeys` are everybody's. */
const pickKey = (writer: number) =>
  Effect.gen(function* () {
    if ((yield* Random.nextIntBetween(0, 8)) === 0) return yield* Random.nextIntBetween(0, sharedKeys)
    return sharedKeys + writer * ownKeys + (yield* Random.nextIntBetween(0, ownKeys))
  })

/** Appends one after the other. What is known of the keys' heads is shared with others. */
const write = (writer: number, heads: Map<number, number>, diary: Diary.Diary) =>
  Effect.gen(function* () {
    const journal = yield* Model.ChaosJournal
    let tryAgain: number | undefined
    while (!state.stopping) {
      const key = tryAgain ?? (yield* pickKey(writer))
      tryAgain = undefined
      const count = yield* Random.nextIntBetween(1, 20)
      const expected = heads.get(key) ?? 0
      const append = settings.life * Model.appendsPerLife + state.sent++
      diary.sent({ append, key, expected, count })
      yield* journal.append(String(key), expected, Model.eventsOf(append, count)).pipe(
        Effect.tap(({ sequence }) => {
          diary.told(append, "stored")
          heads.set(key, sequence)
          progress.events += count
        }),
        Effect.catchTags({
          VersionConflict: ({ actual }) =>
            Effect.sync(() => {
              diary.told(append, "refused")
              heads.set(key, actual)
              tryAgain = key
              progress.conflicts += 1
            }),
          JournalError: () => Effect.sync(() => diary.told(append, "refused")),
          InDoubt: () => Effect.sync(() => diary.told(append, "unknown"))
        })
      )
    }
  })

const tellProgress = Effect.sync(() => Messages.tell({ _tag: "Wrote", ...progress }))

const main = Effect.gen(function* () {
  const diary = yield* Diary.open(settings.diary)
  Child.tellReady()
  yield* Effect.forkScoped(Effect.forever(Effect.delay(tellProgress, "100 millis")))
  const writer = (number: number) => {
    const heads = new Map<number, number>()
    return Effect.forEach(
      Array.from({ length: inFlight }, (_, i) => Random.make(`${settings.seed} ${settings.life} ${number} ${i}`)),
      (random) => Effect.withRandom(write(number, heads, diary), random),
      { concurrency: "unbounded", discard: true }
    )
  }
  yield* Effect.forEach(
    Array.from({ length: writers }, (_, i) => settings.place * writers + i),
    writer,
    { concurrency: "unbounded", discard: true }
  )
  yield* tellProgress
}).pipe(Effect.scoped, Effect.provide(Model.journal(Model.client(settings.url, `chaos writer ${settings.place + 1}`))))

process.on("message", () => {
  state.stopping = true
})
Child.run(main)
