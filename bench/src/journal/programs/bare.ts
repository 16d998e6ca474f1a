/** What `pg` alone does: the same rows written and read by hand, without and with the usual locks, and by COPY. */
import type pg from "pg"
import { serve } from "../../run/Worker.js"
import * as BareTable from "../BareTable.js"
import { BenchJournal, table } from "../BenchJournal.js"
import * as Copying from "../Copying.js"
import type { Place } from "../Place.js"
import { using } from "../Pool.js"
import * as RawReader from "../RawReader.js"
import * as Timed from "../Timed.js"
import { type Append, byPromises, type Cell, type Written } from "../Writing.js"

/** `bareInsert`: a named statement. The others take a lock first, in a transaction, as a journal without gaps has to. */
export type Strategy = "bareInsert" | "advisoryLock" | "lockTable"

const lockOf: Readonly<Record<Strategy, ((name: string) => string) | undefined>> = {
  bareInsert: undefined,
  advisoryLock: () => "SELECT pg_advisory_xact_lock(4711)",
  // the weakest that keeps other writers out
  lockTable: (name) => `LOCK TABLE ${name} IN EXCLUSIVE MODE`
}

/** Placeholders for `rows` rows of `columns` values: `($1,$2),($3,$4)`. */
const holders = (rows: number, columns: number): string =>
  Array.from(
    { length: rows },
    (_, row) => `(${Array.from({ length: columns }, (__, column) => `$${row * columns + column + 1}`).join(",")})`
  ).join(",")

const inserter = (bare: BareTable.BareTable, perAppend: number) => {
  const text = `INSERT INTO ${bare.name} (${bare.columns.join(",")}) VALUES ${holders(perAppend, bare.columns.length)}`
  const name = `${bare.name}_${perAppend}`
  return (client: pg.ClientBase | pg.Pool, append: Append) =>
    client.query({ name, text, values: bare.rows(append, perAppend).flat() })
}

const locked = async (pool: pg.Pool, lock: string, write: (client: pg.ClientBase) => Promise<unknown>) => {
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    await client.query(lock)
    await write(client)
    await client.query("COMMIT")
  } finally {
    client.release()
  }
}

interface Task {
  readonly url: string
  readonly cell: Cell
}

const tasks = {
  append: ({ cell, strategy, url }: Task & { readonly strategy: Strategy }): Promise<Written> =>
    using(url, cell.writers, async (pool) => {
      const bare = await BareTable.make(pool, `bench_${strategy.toLowerCase()}`)
      const insert = inserter(bare, cell.perAppend)
      const lock = lockOf[strategy]?.(bare.name)
      return byPromises(cell, (append) =>
        lock === undefined ? insert(pool, append) : locked(pool, lock, (client) => insert(client, append))
      )
    }),

  copy: ({ cell, url }: Task): Promise<Written> =>
    using(url, 1, async (pool) => {
      const client = await pool.connect()
      try {
        return await Copying.run(client, await BareTable.make(client, "bench_copy"), cell)
      } finally {
        client.release()
      }
    }),

  /** Reads keys of the journal's table one after the other. */
  readKeys: ({ keys, url }: { readonly url: string; readonly keys: ReadonlyArray<string> }) =>
    using(url, 1, (pool) =>
      Timed.promise(async () => {
        let events = 0
        for (const key of keys) events += await RawReader.all(pool, RawReader.byKey(table), [key], "sequence")
        return events
      })
    ),

  /** Reads the whole of the journal's table, partition by partition. */
  readTags: (url: string) =>
    using(url, 1, (pool) =>
      Timed.promise(async () => {
        let events = 0
        for (const { name, partition } of BenchJournal.tagging.tags) {
          events += await RawReader.all(pool, RawReader.byTag(table), [name, partition], "position")
        }
        return events
      })
    ),

  /**
   * Reads a page at each place with a statement of the parameters name, partition and position; stops after some seconds
   * where pages take that long. Without a name, so that each page is planned for its own tag.
   */
  readPages: ({
    places,
    text,
    url
  }: {
    readonly url: string
    readonly text: string
    readonly places: ReadonlyArray<Place>
  }) =>
    using(url, 1, async (pool) => {
      const pages: Array<Timed.Timed> = []
      const until = performance.now() + pagesPatience
      for (const { after, name, partition } of places) {
        if (performance.now() > until) break
        pages.push(
          await Timed.promise(async () => (await RawReader.page(pool, { text }, [name, partition, after])).length)
        )
      }
      return pages
    }),

  /** Runs statements, and gives the milliseconds that they took. */
  execute: ({ statements, url }: { readonly url: string; readonly statements: ReadonlyArray<string> }) =>
    using(url, 1, async (pool) => {
      const since = performance.now()
      for (const statement of statements) await pool.query(statement)
      return performance.now() - since
    }),

  /** The bytes of tables with all that belongs to them. */
  bytes: ({ tables, url }: { readonly url: string; readonly tables: ReadonlyArray<string> }) =>
    using(url, 1, async (pool) => {
      const { rows } = await pool.query<{ readonly bytes: string }>(
        "SELECT sum(pg_total_relation_size(name::regclass)) AS bytes FROM unnest($1::text[]) name",
        [tables]
      )
      return Number(rows[0]?.bytes)
    })
}

/** Milliseconds. */
const pagesPatience = 3000

export type Bare = typeof tasks

serve(tasks)
