/** The next version of the sums' view, the alias over both, and what happens to them in the tests. */
import { type EntityEvent, DistributedProcessing, type ProcessContext, ProcessLease } from "@aecor/core"
import { Effect, Fiber, Option, Schema, type Scope, Stream } from "effect"
import * as Projection from "../../Projection.js"
import * as ViewAlias from "../../ViewAlias.js"
import type * as ViewAliases from "../../ViewAliases.js"
import * as ViewStore from "../../ViewStore.js"
import { added, FewJournal, host, Sums } from "./repartitionScene.js"
import * as Scene from "./replayScene.js"

/** It has a field more. */
const NextSums = Schema.Struct({ ...Sums.fields, largest: Schema.Int })
export class NextSumsView extends ViewStore.Tag<NextSumsView>()("next_sums", { row: NextSums }) {}

export const live = Scene.by(Scene.right, 5)

type Next = typeof NextSums.Type
type Fold = (row: Option.Option<Next>, event: EntityEvent.EntityEvent<ReturnType<typeof added>>) => Next
const fold: Fold = (row, event) => ({
  ...Scene.right(row, event),
  largest: Math.max(
    event.event.amount,
    Option.match(row, { onNone: () => Number.MIN_SAFE_INTEGER, onSome: (_) => _.largest })
  )
})

export const next = Projection.exactlyOnce("NextSums", {
  journal: FewJournal,
  view: NextSumsView,
  project: fold,
  pageSize: 3
})

/** What queries read. */
export class ServedSums extends ViewAlias.Tag<ServedSums>()("sums", { versions: [live, next] }) {}

export type SideServices = Scene.Services | NextSumsView | ViewAliases.ViewAliases

export const nextAfter = (amounts: ReadonlyArray<number>) => ({
  ...Scene.after(amounts),
  view: { ...Scene.after(amounts).view, largest: Math.max(...amounts) }
})

const soon = { backoff: { min: "20 millis", max: "50 millis", jitter: 0 } } as const

/** Hosts both versions on a node of their own until the scope closes. */
export const node: Effect.Effect<void, DistributedProcessing.StartError, SideServices | Scope.Scope> = Effect.flatMap(
  host,
  (own) =>
    Effect.zipRight(
      DistributedProcessing.start(live.name, live.processes, soon),
      DistributedProcessing.start(next.name, next.processes, soon)
    ).pipe(Effect.provide(own))
)

/** Hosts the next version alone. */
export const nodeOfNext: typeof node = Effect.flatMap(host, (own) =>
  Effect.provide(DistributedProcessing.start(next.name, next.processes, soon), own)
)

/** Waits until both versions have seen all events of some keys. */
export const bothReached = (keys: ReadonlyArray<string>): Effect.Effect<void, unknown, SideServices> =>
  Effect.zipRight(
    Scene.reached(keys),
    Effect.flatMap(NextSumsView, (view) =>
      Effect.forEach(keys, (key) =>
        Effect.flatMap(Scene.amountsOf(key), ({ length }) => view.awaitReceipt({ key, sequence: length }, "20 seconds"))
      )
    )
  )

/**
 * Writes to a key again and again, and reads its own writes through the alias; gives what was not there though it was
 * promised.
 */
export const writing = (key: string, alias: ViewAlias.ViewAlias<Scene.Row>): Scene.Step<Writing> =>
  Effect.gen(function* () {
    const journal = yield* FewJournal
    const lies: Array<string> = []
    let failure: unknown
    let sequence = yield* Stream.runCount(journal.read(key, 1))
    const step = Effect.gen(function* () {
      const receipt = { key, sequence: (yield* journal.append(key, sequence, [added(sequence)])).sequence }
      sequence = receipt.sequence
      yield* alias.awaitReceipt(receipt, "20 seconds")
      const row = yield* alias.get(key)
      const version = Option.match(row, { onNone: () => 0, onSome: (_) => _.version })
      if (version < sequence) lies.push(`${key}: promised ${sequence}, shown ${version}`)
    })
    const fiber = yield* Effect.forkDaemon(
      Effect.forever(Effect.zipRight(step, Effect.sleep("25 millis"))).pipe(
        Effect.tapError((error) => Effect.sync(() => (failure = error)))
      )
    )
    return { lies, failure: () => failure, stop: Fiber.interrupt(fiber), written: () => sequence }
  })

interface Writing {
  readonly lies: ReadonlyArray<string>
  readonly failure: () => unknown
  readonly stop: Effect.Effect<unknown>
  readonly written: () => number
}

/** The fence of a deployment that nobody runs. */
export const seized = (deployment: string): Scene.Step<ProcessContext.Fence> =>
  Effect.flatMap(ProcessLease.ProcessLease, (lease) =>
    Effect.zipRight(
      lease.register(deployment, FewJournal.tagging.tags.length),
      Effect.zipRight(lease.suspend(deployment), lease.seize(deployment))
    )
  )
