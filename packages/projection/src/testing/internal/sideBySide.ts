/** Versions of a view side by side: filled, compared and swapped while commands and queries go on. */
import { ConsumerId } from "@aecor/core"
import { expect } from "@effect/vitest"
import { Chunk, Deferred, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import * as SideBySide from "../../SideBySide.js"
import { ViewAliases } from "../../ViewAliases.js"
import { FewJournal, SumsView } from "./repartitionScene.js"
import * as Scene from "./replayScene.js"
import type { ReplayTest } from "./replayTest.js"
import * as Side from "./sideScene.js"

const keys = ["a", "b", "c", "d", "e", "f"]
const served = Side.ServedSums.pipe(Effect.provide(Side.ServedSums.layer))
const compared = SideBySide.verify(Side.live, Side.next, { patience: "2 seconds", pageSize: 4 })
const clean = { different: 0, missing: 0, extra: 0, unsettled: 0, samples: [] }

/** Makes the next version of keys something else, as of events up to where the journal ends. */
const spoilNext = Effect.fnUntraced(function* (
  rows: ReadonlyMap<string, ReturnType<typeof Side.nextAfter>>,
  gone: ReadonlyMap<string, number> = new Map()
) {
  const view = yield* Side.NextSumsView
  yield* view.replace({ fence: yield* Side.seized(Side.next.name), rows, tombstones: gone })
})

export const sideBySideTests = (it: ReplayTest): void => {
  it(
    "the next version is filled while the present one serves, though its nodes come and go, and is found to be the same",
    Effect.gen(function* () {
      for (const key of keys) yield* Scene.append(key, [1, 2, 3, 4, 5, 6])
      yield* Scene.node(Side.live)
      yield* Scene.reached(keys)
      const alias = yield* served
      expect(yield* alias.serving).toBe(Scene.name)
      const nowhere = yield* SideBySide.progress(Side.next).pipe(Stream.take(1), Stream.runCollect)
      expect(Chunk.toReadonlyArray(nowhere)).toMatchObject([{ done: 0, behind: 3, left: Option.none() }])
      for (let i = 0; i < 3; i++) {
        const scope = yield* Scope.make()
        yield* Scope.extend(Side.nodeOfNext, scope)
        yield* Effect.sleep("30 millis")
        yield* Scope.close(scope, Exit.void)
      }
      yield* Side.nodeOfNext
      const seen = yield* Stream.runCollect(SideBySide.progress(Side.next, { every: "50 millis" }))
      const last = Chunk.unsafeLast(seen)
      expect(last.behind).toBe(0)
      expect(last.done).toBe(last.total)
      expect(yield* compared).toEqual({ ...clean, same: keys.length, unsettledKeys: [] })
      const next = yield* Side.NextSumsView
      for (const key of keys) expect(yield* next.get(key)).toEqual(Option.some(Side.nextAfter([1, 2, 3, 4, 5, 6])))
    })
  )

  it(
    "versions are swapped under load, there and back: no query sees a gap, no row goes back, no token lies",
    Effect.gen(function* () {
      for (const key of keys) yield* Scene.append(key, [1, 2, 3])
      yield* Side.node
      yield* Side.bothReached(keys)
      const alias = yield* served
      const readers = yield* Effect.forEach([1, 2], () => Scene.watching(alias, keys))
      const writers = yield* Effect.forEach(keys.slice(0, 4), (key) => Side.writing(key, alias))
      for (let round = 0; round < 4; round++) {
        yield* Effect.sleep("150 millis")
        const [from, to] = round % 2 === 0 ? [Scene.name, Side.next.name] : [Side.next.name, Scene.name]
        expect(yield* alias.swap(to, { patience: "10 seconds" })).toEqual({ from, to })
        expect(yield* alias.serving).toBe(to)
        if (round === 2) expect(yield* compared).toMatchObject({ different: 0, missing: 0, extra: 0 })
      }
      yield* Effect.sleep("150 millis")
      for (const { failure, lies, stop, written } of writers) {
        yield* stop
        expect([lies, failure()]).toEqual([[], undefined])
        expect(written()).toBeGreaterThan(4)
      }
      for (const { failure, reads, wrongs } of readers) {
        expect([wrongs, failure()]).toEqual([[], undefined])
        expect(reads()).toBeGreaterThan(keys.length)
      }
      yield* Side.bothReached(keys)
      expect(yield* compared).toEqual({ ...clean, same: keys.length, unsettledKeys: [] })
    })
  )

  it(
    "a receipt is awaited at the version that serves, also where the one of before runs no more",
    Effect.gen(function* () {
      yield* Scene.append("a", [1])
      const scope = yield* Scope.make()
      yield* Scope.extend(Scene.node(Side.live), scope)
      yield* Side.nodeOfNext
      yield* Side.bothReached(["a"])
      const alias = yield* served
      yield* alias.swap(Side.next.name, { patience: "10 seconds" })
      yield* Scope.close(scope, Exit.void)
      yield* Scene.append("a", [2])
      yield* alias.awaitReceipt({ key: "a", sequence: 2 }, "10 seconds")
      expect(yield* alias.get("a")).toMatchObject({ value: { version: 2 } })
      const asked = yield* Effect.fork(alias.getAfter({ key: "a", sequence: 3 }, "10 seconds"))
      yield* Scene.append("a", [3])
      expect(yield* Fiber.join(asked)).toMatchObject({ value: { version: 3 } })
    })
  )

  it(
    "a query that a swap has overtaken is answered by the version that serves then",
    Effect.gen(function* () {
      yield* Scene.append("a", [1, 2])
      yield* Side.node
      yield* Side.bothReached(["a"])
      const view = yield* SumsView
      const [asked, swapped] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow: typeof view = {
        ...view,
        get: (key) =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.zipRight(Deferred.await(swapped)),
            Effect.zipRight(view.get(key))
          )
      }
      const slowly = yield* Side.ServedSums.pipe(
        Effect.provide(Side.ServedSums.layer),
        Effect.provideService(SumsView, slow)
      )
      const query = yield* Effect.fork(slowly.get("a"))
      yield* Deferred.await(asked)
      const row = Side.nextAfter([1, 2])
      yield* spoilNext(new Map([["a", { ...row, view: { ...row.view, trail: 7 } }]]))
      yield* (yield* served).swap(Side.next.name)
      yield* Deferred.succeed(swapped, undefined)
      expect(yield* Fiber.join(query)).toMatchObject({ value: { version: 2, view: { trail: 7 } } })
    })
  )

  it(
    "a version that is behind does not serve, and the refusal says where; nor does a name that is none",
    Effect.gen(function* () {
      for (const key of keys) yield* Scene.append(key, [1])
      yield* Scene.node(Side.live)
      yield* Scene.reached(keys)
      const alias = yield* served
      const refused = yield* Effect.flip(alias.swap(Side.next.name, { patience: "100 millis" }))
      expect(refused).toMatchObject({ _tag: "SwapRefused", from: Scene.name, to: Side.next.name, quarantined: [] })
      expect(refused.message).toMatch(/behind in partition \d \(at 0 of \d+\)/)
      expect(yield* alias.serving).toBe(Scene.name)
      expect(yield* Effect.flip(alias.swap("nothing"))).toMatchObject({ _tag: "UnknownVersion", version: "nothing" })
      // while it waits the version of before is held up, and the next one comes
      const swapping = yield* Effect.fork(alias.swap(Side.next.name, { patience: "15 seconds" }))
      yield* Side.nodeOfNext
      expect(yield* Fiber.join(swapping)).toEqual({ from: Scene.name, to: Side.next.name })
      expect(yield* alias.get("a")).toMatchObject({ value: { version: 1 } })
      expect(yield* alias.find({ count: 1 })).toHaveLength(keys.length)
    })
  )

  it(
    "a version that has set a key aside does not serve, unless the present one has it aside as well, no further on",
    Effect.gen(function* () {
      const [live, next] = [yield* SumsView, yield* Side.NextSumsView]
      const alias = yield* served
      const tag = FewJournal.tagging.tagOf("a")
      const aside = (name: string, sequence: number) => ({
        entered: [
          {
            consumer: ConsumerId.make(name, tag),
            key: "a",
            eventType: "Added",
            sequence,
            position: 1,
            cause: "it does not like it",
            since: 1000,
            attempts: 1,
            last: sequence
          }
        ],
        passed: new Map()
      })
      const commit = Effect.fnUntraced(function* (name: string, expected: number, sequence?: number) {
        const fence = yield* Side.seized(name)
        const changes = sequence === undefined ? {} : { quarantine: aside(name, sequence) }
        const page = {
          consumer: ConsumerId.make(name, tag),
          fence,
          expected,
          offset: expected + 1,
          rows: new Map(),
          ...changes
        }
        yield* name === Scene.name ? live.commit(page) : next.commit(page)
      })
      const swapped = alias.swap(Side.next.name, { patience: "50 millis" })
      yield* commit(Scene.name, 0)
      yield* commit(Side.next.name, 0, 3)
      const refused = yield* Effect.flip(swapped)
      expect(refused).toMatchObject({ _tag: "SwapRefused", behind: [], quarantined: [{ key: "a", sequence: 3 }] })
      expect(refused.message).toContain("it does not like it")
      yield* commit(Scene.name, 1, 4)
      yield* commit(Side.next.name, 1)
      expect((yield* Effect.flip(swapped))._tag).toBe("SwapRefused")
      yield* commit(Scene.name, 2, 2)
      yield* commit(Side.next.name, 2)
      expect(yield* swapped).toEqual({ from: Scene.name, to: Side.next.name })
    })
  )

  it(
    "a swap whose answer was lost has taken effect or not, and the next one says so; of two at once none does harm",
    Effect.gen(function* () {
      const aliases = yield* ViewAliases
      yield* Scene.append("a", [1, 2])
      yield* Side.node
      yield* Side.bothReached(["a"])
      const lost: typeof aliases = {
        ...aliases,
        swap: (swap) => Effect.zipRight(aliases.swap(swap), Effect.dieMessage("killed"))
      }
      const dying = yield* Effect.provide(Side.ServedSums, Side.ServedSums.layer).pipe(
        Effect.provideService(ViewAliases, lost)
      )
      expect(Exit.isFailure(yield* Effect.exit(dying.swap(Side.next.name)))).toBe(true)
      const alias = yield* served
      expect(yield* alias.swap(Side.next.name)).toEqual({ from: Side.next.name, to: Side.next.name })
      const both = [alias.swap(Scene.name), alias.swap(Scene.name)]
      const answers = yield* Effect.all(both, { concurrency: "unbounded" })
      for (const { to } of answers) expect(to).toBe(Scene.name)
      expect((yield* aliases.serving("sums", "")).swaps).toBe(2)
    })
  )

  it(
    "a comparison tells each kind of row that is not the same, and the field; rows that stand still are unsettled",
    Effect.gen(function* () {
      for (const key of ["same", "other", "gone", "less"]) yield* Scene.append(key, [1, 2])
      yield* Side.node
      yield* Side.bothReached(["same", "other", "gone", "less"])
      const row = Side.nextAfter([1, 2])
      yield* spoilNext(
        new Map([
          ["other", { ...row, view: { ...row.view, trail: 7 } }],
          ["extra", row]
        ]),
        new Map([["gone", 2]])
      )
      const found = yield* compared
      expect(found).toMatchObject({ same: 2, different: 1, missing: 1, extra: 1, unsettled: 0 })
      const samples = new Map(found.samples.map(({ key, ...rest }) => [key, rest]))
      const { trail } = row.view
      expect(samples.get("other")).toEqual({ kind: "Different", version: 2, field: "trail", live: trail, next: 7 })
      expect(samples.get("gone")).toEqual({ kind: "Missing", version: 2 })
      expect(samples.get("extra")).toEqual({ kind: "Extra", version: 2 })
      // its processes stand still, so what the live version has seen since is not compared
      yield* Scene.append("less", [3])
      yield* Scene.reached(["less"])
      expect(yield* compared).toMatchObject({ same: 1, extra: 1, unsettled: 1, unsettledKeys: ["less"] })
      const some = SideBySide.verify(Side.live, Side.next, { patience: 0, fields: ["count"] })
      expect(yield* some).toMatchObject({ different: 0 })
    })
  )
}
