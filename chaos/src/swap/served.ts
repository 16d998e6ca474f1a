/**
 * The view that has two versions, side by side, and the alias that queries ask. Both fold alike, so that whatever one shows
 * and the other does not is wrong.
 */
import type { EntityEvent } from "@aecor/core"
import { PgViewAliases, PgViewStore } from "@aecor/journal-pg"
import { Projection, ViewAlias, ViewStore } from "@aecor/projection"
import { Layer, type Option, Schema } from "effect"
import * as Numbers from "../processing/numbers.js"

/** A row of `Numbers`, and whose it is. */
const Row = Schema.Struct({ key: Schema.String, ...Numbers.Row.fields })

class FirstView extends ViewStore.Tag<FirstView>()("served 1", { row: Row }) {}
class SecondView extends ViewStore.Tag<SecondView>()("served 2", { row: Row }) {}

const project = (
  row: Option.Option<typeof Row.Type>,
  event: EntityEvent.EntityEvent<typeof Numbers.counted>
): typeof Row.Type => ({ ...Numbers.project(row, event), key: event.key })

export const first = Projection.exactlyOnce("served1", { journal: Numbers.NumbersJournal, view: FirstView, project })
export const second = Projection.exactlyOnce("served2", { journal: Numbers.NumbersJournal, view: SecondView, project })

export class Served extends ViewAlias.Tag<Served>()("served", { versions: [first, second] }) {}

/** The two, in the order of the alias. */
export const versions = [
  { name: first.name, table: "chaos_served_1" },
  { name: second.name, table: "chaos_served_2" }
] as const
export type Version = (typeof versions)[number]

/** `chaos_renewing`: the version that whoever drives the swaps is about to empty, in case that he is killed. */
export const tables: string = [
  ...versions.map(({ table }) => `CREATE TABLE ${table} (${Numbers.columns}) WITH (fillfactor = 50);`),
  "CREATE TABLE chaos_renewing (version text PRIMARY KEY);"
].join("\n")

export const layer = ({ pooled }: Numbers.Way) => {
  const storage = { key: "key", namedStatements: !pooled } as const
  const stores = Layer.merge(
    PgViewStore.layer(FirstView, { table: versions[0].table, ...storage }),
    PgViewStore.layer(SecondView, { table: versions[1].table, ...storage })
  )
  return Served.layer.pipe(Layer.provideMerge(stores), Layer.provide(PgViewAliases.layer))
}
