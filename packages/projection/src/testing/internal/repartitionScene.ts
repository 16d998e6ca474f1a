/** What the suite of repartitioning plays with: a journal of two releases, a view, and a handler that notes what it met. */
import { DistributedProcessing, Journal, type OffsetStore, ProcessLease, Tagging } from "@aecor/core"
import { type Context, Effect, Layer, Option, Schema, type Scope } from "effect"
import * as Projection from "../../Projection.js"
import type { Repartitioned } from "../../Repartition.js"
import * as ViewStore from "../../ViewStore.js"

class Added extends Schema.TaggedClass<Added>()("Added", { amount: Schema.Int }) {}

export class FewJournal extends Journal.Tag<FewJournal>()("FewJournal", {
  event: Added,
  tagging: Tagging.partitioned("Sums", 3)
}) {}
export class ManyJournal extends Journal.Tag<ManyJournal>()("ManyJournal", {
  event: Added,
  tagging: Tagging.partitioned("Sums", 5)
}) {}

/** `trail` depends on the order of what was added. */
export const Sums = Schema.Struct({ sum: Schema.Int, count: Schema.Int, trail: Schema.Int })
export class SumsView extends ViewStore.Tag<SumsView>()("sums", { row: Sums }) {}

export const nothing = { sum: 0, count: 0, trail: 0 }
export const add = ({ count, sum, trail }: typeof Sums.Type, amount: number) => ({
  sum: sum + amount,
  count: count + 1,
  trail: (trail * 31 + amount) % 1_000_003
})

export const added = (amount: number): Added => new Added({ amount })

/** What a handler has met, in its order. */
export interface Note {
  readonly key: string
  readonly sequence: number
}

/** What code of one release has: its projections, and a node that hosts them until the scope closes. */
export interface Release<J> {
  readonly node: Effect.Effect<
    void,
    DistributedProcessing.StartError,
    J | SumsView | OffsetStore.OffsetStore | ProcessLease.ProcessLease | Scope.Scope
  >
  readonly projections: readonly [Repartitioned<SumsView>, Repartitioned<OffsetStore.OffsetStore>]
}

/** A host of processes of its own: a node, until the scope closes. */
export const host: Effect.Effect<
  Context.Context<DistributedProcessing.DistributedProcessing>,
  never,
  ProcessLease.ProcessLease | Scope.Scope
> = Effect.flatMap(ProcessLease.ProcessLease, (lease) =>
  Layer.build(
    Layer.fresh(DistributedProcessing.layerLocal).pipe(Layer.provide(Layer.succeed(ProcessLease.ProcessLease, lease)))
  )
)

export const release = <J>(journal: Journal.Any<J, Added>, notes: Array<Note>): Release<J> => {
  const view = Projection.exactlyOnce("SumsOfKeys", {
    journal,
    view: SumsView,
    project: (row, { event }) =>
      add(
        Option.getOrElse(row, () => nothing),
        event.amount
      ),
    pageSize: 20
  })
  const noting = Projection.atLeastOnce("NotesOfKeys", {
    journal,
    handle: ({ key, sequence }) => Effect.sync(() => void notes.push({ key, sequence })),
    pageSize: 5
  })
  const settings = { onMismatch: "wait" } as const
  const node = Effect.flatMap(host, (own) =>
    Effect.zipRight(
      DistributedProcessing.start(view.name, view.processes, settings),
      DistributedProcessing.start(noting.name, noting.processes, settings)
    ).pipe(Effect.provide(own))
  )
  return { node, projections: [view, noting] }
}

/** A lease, a journal, offsets and rows for a command that is killed after so many steps: from then on nothing answers it. */
export const mortal = (steps: number) => {
  let done = 0
  const isDead = () => done > steps
  const killed = Effect.suspend(() => Effect.dieMessage("killed"))
  const alive = <A, E, R>(operation: Effect.Effect<A, E, R>) => Effect.suspend(() => (isDead() ? killed : operation))
  /** It takes effect, and its answer is the last that comes. */
  const step = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
    Effect.flatMap(alive(operation), (answer) => {
      done += 1
      return alive(Effect.succeed(answer))
    })
  const leases = (lease: Context.Tag.Service<ProcessLease.ProcessLease>): typeof lease => ({
    ...lease,
    shape: (...asked) => alive(lease.shape(...asked)),
    list: (...asked) => alive(lease.list(...asked)),
    suspend: (...asked) => step(lease.suspend(...asked)),
    seize: (...asked) => step(lease.seize(...asked)),
    reshape: (...asked) => step(lease.reshape(...asked))
  })
  const journals = <E>(journal: Journal.Journal<E>): Journal.Journal<E> => ({
    ...journal,
    repartition: (from) => step(journal.repartition(from))
  })
  const projections = <S>({ name, offsets }: Repartitioned<S>): Repartitioned<S> => ({
    name,
    offsets: {
      ...offsets,
      get: (consumer) => alive(offsets.get(consumer)),
      move: (commit) => step(offsets.move(commit))
    }
  })
  const stores = <V>(store: ViewStore.ViewStore<V>): ViewStore.ViewStore<V> => ({
    ...store,
    load: (...asked) => alive(store.load(...asked)),
    scan: (...asked) => alive(store.scan(...asked)),
    replace: (replacement) => step(store.replace(replacement))
  })
  return { leases, journals, projections, stores, isDead }
}
