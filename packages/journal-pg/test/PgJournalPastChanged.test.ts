// A server that comes back with an older state of its data has lost events that were read and acknowledged. Who knows one of
// them is told, and nothing is built on them.
import { execFile } from "node:child_process"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { promisify } from "node:util"
import { EmbeddedPostgres, TcpProxy } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Stream } from "effect"
import { journalOf, migrate, noted, NoteJournal, observer, stored, until } from "./fixtures/journal.js"
import { patientWire } from "./fixtures/sockets.js"

it.scopedLive(
  "a restored backup: live readers and writers who know what was lost are told, and begin again with what is there",
  () =>
    Effect.gen(function* () {
      const { backUp, restore, url } = yield* server
      // while the server is down, who connects waits: nobody fails because of that
      const wire = yield* patientWire(url)
      const [journal, idleNode] = yield* Effect.all([journalOf(wire.url, settings), journalOf(wire.url, settings)])
      for (let n = 0; n < 45; n++)
        yield* journal.append(
          "far",
          n * 100,
          Array.from({ length: 100 }, () => noted("old"))
        )
      const kept = yield* journal.append("a", 0, [noted("kept")])
      yield* backUp

      const first = yield* journal.append("a", 1, [noted("lost 1")], { lastId: kept.lastId })
      const second = yield* journal.append("a", 2, [noted("lost 2"), noted("lost 3")], { lastId: first.lastId })
      const gate = yield* Deferred.make<void>()
      const waiting = yield* follow(journal, "a", kept.position)
      const idle = yield* follow(idleNode, "a", kept.position)
      const far = yield* follow(journal, "far", 0, Deferred.await(gate))
      for (const reader of [waiting, idle]) {
        yield* hasSeen(reader, (texts) => texts.join() === "lost 1,lost 2,lost 3")
      }
      yield* hasSeen(far, (texts) => texts.length > 0)
      yield* restore

      for (const reader of [waiting, idle]) {
        expect(yield* failureOf(reader)).toMatchObject({ _tag: "JournalError", reason: "PastChanged" })
      }
      // others take the positions that were lost, and more
      const other = yield* journalOf(url)
      yield* other.append("far", 4500, [noted("new"), noted("new")])
      for (const events of [[noted("never")], [noted("never"), noted("never")], []]) {
        expect(yield* Effect.flip(journal.append("a", 4, events, { lastId: second.lastId }))).toMatchObject(pastChanged)
      }
      // and the sequences
      yield* other.append("a", 1, [noted("other 1"), noted("other 2"), noted("other 3")])
      for (const [expected, lastId] of [
        [4, second.lastId],
        [2, first.lastId]
      ] as const) {
        for (const events of [[noted("never")], [noted("never"), noted("never")], []]) {
          expect(yield* Effect.flip(journal.append("a", expected, events, { lastId }))).toMatchObject(pastChanged)
        }
      }
      yield* Deferred.succeed(gate, undefined)
      expect(yield* failureOf(far)).toMatchObject(pastChanged)
      // pages that it had ahead are all that it was given
      expect(far.texts.length).toBeLessThan(4500)

      const again = yield* follow(journal, "a", kept.position)
      yield* hasSeen(again, (texts) => texts.join() === "other 1,other 2,other 3")
      const farAgain = yield* follow(journal, "far", kept.position)
      yield* hasSeen(farAgain, (texts) => texts.join() === "new,new")
      yield* journal.append("a", 4, [noted("other 4")])
      yield* hasSeen(again, (texts) => texts.at(-1) === "other 4")
      const texts = (yield* stored(yield* observer(url))).map(({ text }) => text)
      expect(texts.slice(4500)).toEqual(["kept", "new", "new", "other 1", "other 2", "other 3", "other 4"])
    })
)

it.scopedLive("a backup that is restored while nobody can read is told to the first who reads again", () =>
  Effect.gen(function* () {
    const { backUp, restore, url } = yield* server
    const proxy = yield* TcpProxy.make(url)
    const journal = yield* journalOf(proxy.url, settings)
    const kept = yield* journal.append("a", 0, [noted("kept")])
    yield* backUp
    yield* journal.append("a", 1, [noted("lost")])
    const before = yield* follow(journal, "a", 0)
    yield* hasSeen(before, (texts) => texts.join() === "kept,lost")
    proxy.admit(false)
    proxy.cut()
    expect(yield* failureOf(before)).toMatchObject({ reason: "Unavailable" })
    yield* restore
    yield* (yield* journalOf(url)).append("a", 1, [noted("other 1"), noted("other 2")])
    proxy.admit(true)
    const told = yield* follow(journal, "a", kept.position)
    expect(yield* failureOf(told)).toMatchObject(pastChanged)
    expect(told.texts).toEqual([])
    const after = yield* follow(journal, "a", kept.position)
    yield* hasSeen(after, (texts) => texts.join() === "other 1,other 2")
  })
)

const settings = { pollInterval: "200 millis" } as const
const pastChanged = { _tag: "JournalError", reason: "PastChanged" }

/** A server of the test's own with the journal's table, and the ways to back it up and to bring the backup back. */
const server = Effect.gen(function* () {
  const running = yield* EmbeddedPostgres.make({ settings: EmbeddedPostgres.unsafeFast })
  const url = yield* EmbeddedPostgres.createDatabase(running.url)
  yield* migrate(url)
  const [data, backup] = [path.join(running.directory, "data"), path.join(running.directory, "backup")]
  const copy = (from: string, to: string) => Effect.promise(() => promisify(execFile)("cp", ["-a", from, to]))
  const remove = Effect.promise(() => fs.rm(data, { recursive: true }))
  return {
    url,
    backUp: running.restart("fast", copy(data, backup)),
    restore: running.restart("fast", Effect.zipRight(remove, copy(backup, data)))
  }
})

type Notes = Effect.Effect.Success<ReturnType<typeof journalOf>>

/** The texts that a live reader of a key's tag sees, after a wait for each page, and its failure. */
const follow = Effect.fnUntraced(function* (
  journal: Notes,
  key: string,
  after: number,
  wait: Effect.Effect<void> = Effect.void
) {
  const texts: Array<string> = []
  const events = journal.eventsByTag(NoteJournal.tagging.tagOf(key), after)
  const failure = yield* Effect.forkScoped(
    Effect.flip(
      Stream.runForEachChunk(events, (page) =>
        Effect.suspend(() => {
          for (const event of page) if (event.key === key) texts.push(event.event.text)
          return wait
        })
      )
    )
  )
  return { texts, failure }
})

const hasSeen = (
  reader: Effect.Effect.Success<ReturnType<typeof follow>>,
  enough: (texts: ReadonlyArray<string>) => boolean
) =>
  until(
    "what a reader is to see",
    Effect.sync(() => Option.liftPredicate(reader.texts, enough)),
    "30 seconds"
  )

/** Awaited, not joined: to join a fiber takes its context over as well. */
const failureOf = (reader: Effect.Effect.Success<ReturnType<typeof follow>>) =>
  Effect.flatten(Fiber.await(reader.failure))
