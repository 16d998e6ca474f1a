/** The journalled entity under test, as an application would declare it: a counter whose every command is an event. */
import { type EntityHost, EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { Rpc } from "@effect/rpc"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema } from "effect"

/** What is measured first of all: also what the stock entity understands. */
export const Add = Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.Int })

/** The count, of which the journal settles that it is the newest; and the count as far as the entity knows. */
const Count = Rpc.make("Count", { success: Schema.Int })
const Glance = Rpc.make("Glance", { success: Schema.Int }).annotate(EventSourced.CachedRead, true)

class Added extends Schema.TaggedClass<Added>()("Added", { by: Schema.Int }) {}

const CounterEvent = Schema.Union(Added)

class CounterJournal extends Journal.Tag<CounterJournal>()("CounterJournal", {
  event: CounterEvent,
  tagging: Tagging.partitioned("Counter", 20)
}) {}

export class Counter extends EventSourced.Tag<Counter>()("Counter", {
  journal: CounterJournal,
  fold: Fold.of(CounterEvent)<number>(0, { Added: (count, { by }) => count + by }),
  protocol: [Add, Count, Glance]
}) {}

const table = "counter_event"

export const database = (url: string) => PgClient.layer({ url: Redacted.make(url), applicationName: "bench" })

/** The counter on a host, its journal in a database. */
export const layerOn = <E, R>(host: Layer.Layer<EntityHost.EntityHost, E, R>) =>
  Counter.layer({
    Add: ({ by }, session) => Effect.zipRight(session.append(new Added({ by })), session.state),
    Count: (_, { state }) => state,
    Glance: (_, { state }) => state
  }).pipe(
    Layer.provide(host),
    Layer.provide(PgJournal.layer(CounterJournal, { table })),
    Layer.provide(PgMigrations.layer([PgJournal.migrations({ table })]))
  )

const asked = (ask: (counter: ReturnType<Counter["Type"]>) => Effect.Effect<number, unknown>) => (key: string) =>
  Effect.flatMap(Counter, (counter) => ask(counter(key)))

/** What can be sent to a counter. */
export const commands = {
  add: asked((counter) => counter.Add({ by: 1 })),
  count: asked((counter) => counter.Count()),
  glance: asked((counter) => counter.Glance())
}
