/**
 * Ways to find the events of a tag, tried beside ours: tables of the same columns and keys, each with its own index for
 * tags, filled with the same events and read by hand.
 */
import * as Fill from "./Fill.js"
import { columns } from "./RawReader.js"

export interface Layout {
  readonly title: string
  /** Makes its tables, given the name of one that is like the journal's, without indexes for tags. */
  readonly make: (name: string) => ReadonlyArray<string>
  /** Stores events. */
  readonly insert: (name: string, events: string) => ReadonlyArray<string>
  /** A page of the tag `$1` (name), `$2` (partition) after the position `$3`. */
  readonly page: (name: string) => string
  /** Its tables. */
  readonly tables: (name: string) => ReadonlyArray<string>
}

const pageSize = 1000
/** `by`: whose position it is that the index holds. */
const select = (from: string, where: string, by = "stored"): string =>
  `SELECT ${columns} FROM ${from} WHERE ${where} AND ${by}.position > $3 ORDER BY ${by}.position LIMIT ${pageSize}`

/** A tag as one text. */
const tagText = (name: string, partition: string) => `${name} || '/' || ${partition}`
const tagGiven = tagText("$1::text", "$2::integer")

const byColumns = "stored.tag = $1::text AND stored.partition = $2::integer"
const alone = (name: string): ReadonlyArray<string> => [name]

export const layouts: Readonly<Record<"btree" | "gin" | "sideTable" | "scan", Layout>> = {
  btree: {
    title: "btree (tag, partition, position)",
    make: (name) => [`CREATE INDEX ON ${name} (tag, partition, position)`],
    insert: (name, events) => [Fill.insertInto(name, events, undefined)],
    page: (name) => select(`${name} stored`, byColumns),
    tables: alone
  },
  gin: {
    title: "GIN (tags), sorted",
    make: (name) => [`ALTER TABLE ${name} ADD COLUMN tags text[] NOT NULL`, `CREATE INDEX ON ${name} USING gin (tags)`],
    insert: (name, events) => [
      Fill.insertInto(name, events, { column: "tags", value: `ARRAY[${tagText("tag", "partition")}]` })
    ],
    page: (name) => select(`${name} stored`, `stored.tags @> ARRAY[${tagGiven}]`),
    tables: alone
  },
  sideTable: {
    title: "side table (tag, position)",
    make: (name) => [
      `CREATE TABLE ${name}_tag (tag text NOT NULL, partition integer NOT NULL, position bigint NOT NULL,
        PRIMARY KEY (tag, partition, position))`
    ],
    insert: (name, events) => [
      Fill.insertInto(name, events, undefined),
      `INSERT INTO ${name}_tag SELECT tag, partition, position FROM (${events}) events`
    ],
    page: (name) =>
      select(
        `${name}_tag tagged JOIN ${name} stored USING (position)`,
        "tagged.tag = $1::text AND tagged.partition = $2::integer",
        "tagged"
      ),
    tables: (name) => [name, `${name}_tag`]
  },
  scan: {
    title: "no index: scan by position",
    make: () => [],
    insert: (name, events) => [Fill.insertInto(name, events, undefined)],
    page: (name) => select(`${name} stored`, byColumns),
    tables: alone
  }
}

export type Name = keyof typeof layouts

/** Makes a table like `journal` without its indexes for tags: those that hold no constraint. */
export const likeJournal = (journal: string, name: string): string => `
  CREATE TABLE ${name} (LIKE ${journal} INCLUDING ALL);
  DO $$
  DECLARE index regclass;
  BEGIN
    FOR index IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '${name}'::regclass AND NOT indisunique LOOP
      EXECUTE 'DROP INDEX ' || index;
    END LOOP;
  END $$`
