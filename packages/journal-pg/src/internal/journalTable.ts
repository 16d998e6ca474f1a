/**
 * A journal's tables and its one writer, as steps of a migration.
 *
 * The table holds a row an event; its index by tag serves the readers of partitions. What an event carries beside its
 * partition's tag stands in the row, for readers that go along the journal, and once more in `<table>_tag`, for those
 * that begin anywhere: an event without such tags has no row there.
 */
import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import { type Step, step } from "../PgMigrations.js"
import type { TableName } from "./identifier.js"
import { append, appendOne, firstAppend, partitionOf } from "./journalFunctions.js"
import * as journalPartitionSql from "./journalPartitionSql.js"
import { onlyTheOwnerPartitions, onlyTheOwnerWrites } from "./journalRights.js"

const schemaOf = ({ schema }: TableName) => (schema === undefined ? "" : `CREATE SCHEMA IF NOT EXISTS ${schema};`)

const table = ({ name, text }: TableName) => `
CREATE TABLE ${text} (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL,
  sequence bigint NOT NULL,
  id uuid NOT NULL UNIQUE,
  type text NOT NULL,
  tag text NOT NULL,
  partition integer NOT NULL,
  payload jsonb NOT NULL,
  metadata jsonb NOT NULL,
  "timestamp" timestamptz NOT NULL,
  UNIQUE (key, sequence)
);
CREATE INDEX ${name}_by_tag ON ${text} (tag, partition, position);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ${text} FROM PUBLIC;
`

/**
 * What an event's id is for (whether an append that is sent again was stored before) is asked at a key and a sequence,
 * so its index would only cost. JSON as text comes back as it went, at two thirds of the cost of reading it.
 */
const tagsAndVersions = ({ name, text }: TableName) => `
ALTER TABLE ${text}
  DROP CONSTRAINT ${name}_id_key,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN tags text[],
  ALTER COLUMN payload TYPE json USING payload::json,
  ALTER COLUMN metadata TYPE json USING metadata::json;
CREATE TABLE ${text}_tag (
  tag text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (tag, position)
);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ${text}_tag FROM PUBLIC;
`

/** The schema that the table was made in. */
const home = ({ text }: TableName) =>
  `SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = '${text}'::regclass`

/** A step about the functions, which stand beside the table: their names and those in them are qualified. */
const functions = (
  stepName: string,
  { name, text, ...rest }: TableName,
  ...bodies: ReadonlyArray<(text: string) => string>
): Step => ({
  name: stepName,
  run: Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql.unsafe<{ readonly schema: string }>(home({ name, text, ...rest }))
    const qualified = `${row?.schema}.${name}`
    return yield* Effect.forEach(bodies, (body) => sql.unsafe(body(qualified)), { discard: true })
  })
})

/** The steps that make a journal's tables and functions. */
export const steps = (name: TableName): ReadonlyArray<Step> => [
  step("table", schemaOf(name) + table(name)),
  functions("append", name, firstAppend),
  step("tags and versions", tagsAndVersions(name)),
  functions("append with tags and versions", name, append, partitionOf, appendOne),
  functions("only the owner writes", name, onlyTheOwnerWrites),
  functions("partitions", name, journalPartitionSql.table, journalPartitionSql.functions, onlyTheOwnerPartitions)
]
