/** The journalled entity under test, as an application would declare it: a counter whose every command is an event. */
import { type EntityHost, EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { Rpc } from "@effect/rpc"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema } from "effect"

/** The one command: also what the stock entity understands. */
export const Add = Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.Int })

class Added extends Schema.TaggedClass<Added>()("Added", { by: Schema.Int }) {}

const CounterEvent = Schema.Union(Added)

class CounterJournal extends Journal.Tag<CounterJournal>()("CounterJournal", {
  event: CounterEvent,
  tagging: Tagging.partitioned("Counter", 20)
}) {}

export class Counter extends EventSourced.Tag<Counter>()("Counter", {
  journal: CounterJournal,
  fold: Fold.of(CounterEvent)<number>(0, { Added: (count, { by }) => count + by }),
  protocol: [Add]
}) {}

const table = "counter_event"

export const database = (url: string) => PgClient.layer({ url: Redacted.make(url), applicationName: "bench" })

/** The counter on a host, its journal in a database. */
export const layerOn = <E, R>(host: Layer.Layer<EntityHost.EntityHost, E, R>) =>
  Counter.layer({
    Add: ({ by }, session) => Effect.zipRight(session.append(new Added({ by })), session.state)
  }).pipe(
    Layer.provide(host),
    Layer.provide(PgJournal.layer(CounterJournal, { table })),
    Layer.provide(PgMigrations.layer([PgJournal.migrations({ table })]))
  )

/** Raises a counter. */
export const add = (key: string, by: number) => Effect.flatMap(Counter, (counter) => counter(key).Add({ by }))
