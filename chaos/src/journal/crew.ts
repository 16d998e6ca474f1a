/** Everybody at work: four processes of four writers each, and two processes that read. What they tell is kept here. */
import * as path from "node:path"
import { Deferred, Effect, type Redacted, type Scope } from "effect"
import type { ChildFailed } from "../run/children.js"
import { print } from "../run/screen.js"
import { makeView, type View } from "./checker.js"
import { type Message, unpack } from "./messages.js"
import * as Workers from "./workers.js"

export const writerProcesses = 4
export const readerProcesses = 2

export interface Crew {
  /** The views of the readers, as they have it now. */
  readonly views: ReadonlyArray<View>
  /** For each page that a reader got, how long ago its first event had been written then. */
  readonly lagsMs: ReadonlyArray<number>
  readonly diaries: ReadonlyArray<string>
  /** Processes started so far. */
  readonly processes: () => number
  /** Events acknowledged so far, as far as it is known. */
  readonly written: () => number
  readonly conflicts: () => number
  /** How often a reader's stream failed and was taken up again where it was. */
  readonly resumed: () => number
  readonly startReaders: Effect.Effect<void, ChildFailed, Scope.Scope>
  readonly startWriters: Effect.Effect<void, ChildFailed, Scope.Scope>
  /** `kill -9`, and another process in its place. */
  readonly replaceWriter: (place: number) => Effect.Effect<string, ChildFailed, Scope.Scope>
  readonly finishWriters: Effect.Effect<void, ChildFailed>
  /** Fails when a process ends that nobody has ended. */
  readonly failure: Effect.Effect<never, ChildFailed>
}

export const make = (options: {
  readonly url: Redacted.Redacted
  readonly seed: number
  readonly folder: string
}): Effect.Effect<Crew> =>
  Effect.gen(function* () {
    const failure = yield* Deferred.make<never, ChildFailed>()
    const views = Array.from({ length: readerProcesses }, makeView)
    const writers: Array<Workers.Worker> = []
    const lagsMs: Array<number> = []
    const diaries: Array<string> = []
    const progress = new Map<number, { readonly events: number; readonly conflicts: number }>()
    let lives = 0
    let resumed = 0

    const start = (kind: "reader" | "writer", place: number, onMessage: (life: number) => (message: Message) => void) =>
      Effect.suspend(() => {
        const life = ++lives
        const diary = path.join(options.folder, `diary-${life}`)
        if (kind === "writer") diaries.push(diary)
        return Workers.start({ ...options, kind, life, place, diary, failure, onMessage: onMessage(life) })
      })
    const startWriter = (place: number) =>
      Effect.map(
        start("writer", place, (life) => (message) => {
          if (message._tag === "Wrote") progress.set(life, message)
        }),
        (worker) => {
          writers[place] = worker
          return worker
        }
      )
    const startReader = (view: View, place: number) => {
      let toldAt = 0
      return start("reader", place, () => (message) => {
        if (message._tag === "Read") {
          lagsMs.push(message.lagMs)
          unpack(message, view.see)
        } else if (message._tag === "Resumed") {
          resumed += 1
          // all its partitions fail together, and again while Postgres is down
          if (Date.now() - toldAt > 3_000) print(`  reader ${place + 1} resumes where it was: ${message.why}`)
          toldAt = Date.now()
        }
      })
    }
    const allReady = (workers: ReadonlyArray<Workers.Worker>) =>
      Effect.raceFirst(
        Effect.forEach(workers, ({ ready }) => ready, { discard: true }),
        Deferred.await(failure)
      )
    const sum = (of: "events" | "conflicts") => () => {
      let total = 0
      for (const one of progress.values()) total += one[of]
      return total
    }

    return {
      views,
      lagsMs,
      diaries,
      processes: () => lives,
      written: sum("events"),
      conflicts: sum("conflicts"),
      resumed: () => resumed,
      startReaders: Effect.flatMap(Effect.forEach(views, startReader), allReady),
      startWriters: Effect.flatMap(
        Effect.forEach(Array.from({ length: writerProcesses }), (_, place) => startWriter(place)),
        allReady
      ),
      replaceWriter: (place) =>
        Effect.gen(function* () {
          const victim = writers[place]
          yield* victim?.kill ?? Effect.void
          const next = yield* startWriter(place)
          yield* allReady([next])
          return `kill -9 of ${next.name} (${victim?.pid}); ${next.pid} takes its place`
        }),
      finishWriters: Effect.suspend(() =>
        Effect.forEach(writers, ({ finish }) => finish, { concurrency: "unbounded", discard: true })
      ),
      failure: Deferred.await(failure)
    }
  })
