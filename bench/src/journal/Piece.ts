/**
 * Tables that are filled with the same events: the journal's own, and those that other ways to find a tag need. Each of
 * the others holds the columns, keys and constraints of the journal's, taken from the catalog, with an index of its own.
 */
import { table as journal } from "./BenchJournal.js"
import * as Fill from "./Fill.js"

export interface Piece {
  /** The tables that it consists of. */
  readonly tables: ReadonlyArray<string>
  /** Makes them. */
  readonly make: ReadonlyArray<string>
  /** Stores events, given as rows. */
  readonly insert: (events: string) => ReadonlyArray<string>
}

/** A table like the journal's, without its indexes for tags: those that hold no constraint. */
const likeJournal = (name: string): string => `
  CREATE TABLE ${name} (LIKE ${journal} INCLUDING ALL);
  DO $$
  DECLARE index regclass;
  BEGIN
    FOR index IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '${name}'::regclass AND NOT indisunique LOOP
      EXECUTE 'DROP INDEX ' || index;
    END LOOP;
  END $$`

/** A tag as one text. */
export const tagText = (name: string, partition: string): string => `${name} || '/' || ${partition}`

export const pieces = {
  /** Made by its migrations. */
  journal: { tables: Fill.journalTables, make: [], insert: Fill.journalRows },
  btree: {
    tables: ["bench_btree"],
    make: [likeJournal("bench_btree"), "CREATE INDEX ON bench_btree (tag, partition, position)"],
    insert: (events: string) => [Fill.insertInto("bench_btree", events)]
  },
  gin: {
    tables: ["bench_gin"],
    make: [likeJournal("bench_gin"), "CREATE INDEX ON bench_gin USING gin (tags)"],
    insert: (events: string) => [
      Fill.insertInto("bench_gin", events, { column: "tags", value: `ARRAY[${tagText("tag", "partition")}]` })
    ]
  },
  base: {
    tables: ["bench_base"],
    make: [likeJournal("bench_base")],
    insert: (events: string) => [Fill.insertInto("bench_base", events)]
  },
  tags: {
    tables: ["bench_tags"],
    make: [
      `CREATE TABLE bench_tags (
         tag text NOT NULL, partition integer NOT NULL, position bigint NOT NULL, PRIMARY KEY (tag, partition, position)
       )`
    ],
    insert: (events: string) => [`INSERT INTO bench_tags SELECT tag, partition, position FROM (${events}) events`]
  }
} satisfies Readonly<Record<string, Piece>>

export type Name = keyof typeof pieces
