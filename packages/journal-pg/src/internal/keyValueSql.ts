/** The table of a key-value store, and the statements on it. Bytes travel as base64, whatever the client parses. */
import { type Step, step } from "../PgMigrations.js"
import type { TableName } from "./identifier.js"

/** A value is a text or bytes. `COLLATE "C"`: keys are compared and found, never sorted for a reader. */
const table = ({ schema, text }: TableName) => `
${schema === undefined ? "" : `CREATE SCHEMA IF NOT EXISTS ${schema};`}
CREATE TABLE ${text} (
  key text COLLATE "C" PRIMARY KEY,
  value text,
  bytes bytea,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((value IS NULL) <> (bytes IS NULL))
);
`

export const steps = (name: TableName): ReadonlyArray<Step> => [step("table", table(name))]

/** A value as it is sent and as it comes: the one or the other. */
export interface Row {
  readonly value: string | null
  readonly bytes: string | null
}

/** PostgreSQL breaks its base64 into lines, which others do not. */
const row = `value, translate(encode(bytes, 'base64'), E'\\n', '') AS bytes`

export const statements = ({ text }: TableName) => ({
  get: `SELECT ${row} FROM ${text} WHERE key = $1`,
  has: `SELECT EXISTS (SELECT FROM ${text} WHERE key = $1)::text AS answer`,
  set: `INSERT INTO ${text} (key, value, bytes) VALUES ($1, $2, decode($3, 'base64'))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes, updated_at = excluded.updated_at`,
  /** Where the value still is the one that was read. */
  replace: `UPDATE ${text} SET value = $2, bytes = decode($3, 'base64'), updated_at = clock_timestamp()
    WHERE key = $1 AND value IS NOT DISTINCT FROM $4 AND bytes IS NOT DISTINCT FROM decode($5, 'base64')
    RETURNING 'replaced' AS answer`,
  remove: `DELETE FROM ${text} WHERE key = $1`,
  clear: `DELETE FROM ${text}`,
  size: `SELECT count(*)::text AS answer FROM ${text}`,
  isEmpty: `SELECT (NOT EXISTS (SELECT FROM ${text}))::text AS answer`
})
