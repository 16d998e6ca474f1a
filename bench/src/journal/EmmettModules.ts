/**
 * Emmett's modules, for processes of their own: its driver sets type parsers for every user of `pg`. Loaded through
 * `require`, because its ESM build brings a pool of its own and refuses ours.
 */
import { createRequire } from "node:module"
import type * as Dumbo from "@event-driven-io/dumbo"
import type * as EmmettPostgres from "@event-driven-io/emmett-postgresql"
import type pg from "pg"

/** With the modules' own types, which `require` does not know. */
const load = () => {
  const require = createRequire(import.meta.url)
  return {
    emmett: require("@event-driven-io/emmett-postgresql") as typeof EmmettPostgres,
    dumbo: require("@event-driven-io/dumbo") as typeof Dumbo
  }
}
export const { dumbo, emmett } = load()

export const storeOn = (url: string, pool: pg.Pool) =>
  emmett.getPostgreSQLEventStore(url, { schema: { autoMigration: "None" }, connectionOptions: { pool } })
