/**
 * The statements of a view's table. Rows travel as JSON in both directions, and Postgres converts between it and the
 * types of the columns.
 */
import { Option } from "effect"
import type { Rights } from "./grants.js"
import type { TableName } from "./identifier.js"
import { commitCall, offsetOf } from "./offsetSql.js"
import * as quarantineSql from "./quarantineSql.js"
import { statement } from "./statement.js"
import type { Column, Found } from "./viewColumns.js"
import type { Condition } from "./viewRows.js"

/**
 * The versions at which rows of views were deleted. `view` names the table of the view, with its schema. A row that came
 * back may have its tombstone still: the row is the later one.
 */
export const tombstones = `
CREATE TABLE view_tombstone (
  view text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (view, key)
);
`

/** What commits to views need beside what they need of their own table. */
export const rights: Rights = [["SELECT, INSERT, UPDATE", "view_tombstone"]]

/** What a load answers: the offset, the JSON of the rows, and that of the tombstones by key. */
export type Loaded = readonly [offset: string, rows: string, tombstones: string]

export const statements = (table: TableName, key: string, columns: ReadonlyArray<Column>, { types }: Found) => {
  const names = [...new Set([key, "version", ...columns.map(({ column }) => column)])].map((name) => `"${name}"`)
  const keyType = types.get(key) ?? "text"
  /**
   * Stores rows, and tombstones where they are given, on a condition; the numbers are those of parameters. A row or a
   * tombstone of a lower version is replaced, and one of the same where it is \`replaced\`, if it is another.
   */
  const write = (given: {
    readonly condition: string
    readonly rows: number
    readonly view: number
    readonly tombstones: number | undefined
    readonly replaced?: boolean
  }) => {
    const { condition, replaced = false, rows, tombstones: dead, view } = given
    const [beyond, before] = replaced ? [">", "<="] : [">=", "<"]
    const columnsOf = (row: string) => names.map((name) => `${row}.${name}`).join(", ")
    const differs = `to_jsonb(ROW(${columnsOf("present")})) IS DISTINCT FROM to_jsonb(ROW(${columnsOf("excluded")}))`
    const stored = `stored AS (
        INSERT INTO ${table.text} AS present (${names.join(", ")})
        SELECT ${columnsOf("next")}
        FROM done CROSS JOIN jsonb_populate_recordset(NULL::${table.text}, $${rows}::jsonb) next
        WHERE ${condition} AND NOT EXISTS (
          SELECT FROM view_tombstone dead
          WHERE dead.view = $${view} AND dead.key = next."${key}"::text AND dead.version ${beyond} next.version
        )
        ON CONFLICT ("${key}") DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}
        WHERE present.version ${before} excluded.version${replaced ? ` AND ${differs}` : ""}
        RETURNING 1
      )`
    if (dead === undefined) return stored
    return `${stored}, buried AS (
        SELECT one.key::${keyType} AS key, one.value::bigint AS version
        FROM done CROSS JOIN jsonb_each_text($${dead}::jsonb) one
        WHERE ${condition} AND NOT EXISTS (
          SELECT FROM ${table.text} present
          WHERE present."${key}" = one.key::${keyType} AND present.version ${beyond} one.value::bigint
        )
      ), removed AS (
        DELETE FROM ${table.text} present USING buried WHERE present."${key}" = buried.key RETURNING buried.key::text
      ), noted AS (
        INSERT INTO view_tombstone AS present (view, key, version)
        SELECT $${view}, buried.key::text, buried.version FROM buried
        ON CONFLICT (view, key) DO UPDATE SET version = excluded.version WHERE present.version < excluded.version
        RETURNING present.key
      )`
  }
  /**
   * The offset is moved, or the statement fails: what reads \`done\` happens with it or not at all. The tenth
   * parameter is the rows. Nobody is notified: Postgres would hold a lock of the whole server while the commit waits
   * for the disk, and every other commit that notifies, appends among them, would stand behind it.
   */
  const commit = (deletes: boolean, quarantines: boolean) =>
    statement(`WITH done AS MATERIALIZED (
      SELECT ${quarantines ? quarantineSql.commitCall(11, 13, 14) : commitCall} AS moved
    ), ${write({ condition: "done.moved", rows: 10, view: 11, tombstones: deletes ? 12 : undefined })}
      SELECT moved AS done FROM done`)
  const commits = {
    rows: commit(false, false),
    deletions: commit(true, false),
    quarantine: commit(true, true)
  }
  return {
    row: `SELECT to_jsonb(stored)::text AS row FROM ${table.text} stored WHERE "${key}" = $1::${keyType}`,

    /** The offset of the consumer in the first three parameters, and what there is of the keys in the fourth. */
    load: statement(`SELECT ${offsetOf(1)} AS found,
      (SELECT coalesce(jsonb_agg(to_jsonb(stored)), '[]')::text FROM ${table.text} stored
       WHERE "${key}" = ANY ($4::${keyType}[])) AS rows,
      (SELECT coalesce(jsonb_object_agg(dead.key, dead.version), '{}')::text FROM view_tombstone dead
       WHERE dead.view = $5 AND dead.key = ANY ($4::${keyType}[]::text[])) AS tombstones`),

    /** One that changes the quarantine is given tombstones as well. */
    commit: (changes: { readonly deletes: boolean; readonly quarantines: boolean }) =>
      changes.quarantines ? commits.quarantine : changes.deletes ? commits.deletions : commits.rows,

    /** The first eight parameters settle an attempt; the rows follow, the view, and the tombstones. */
    settle: `WITH done AS MATERIALIZED (SELECT ${quarantineSql.settleCall} AS outcome),
      ${write({ condition: "done.outcome IN ('Ended', 'Failed')", rows: 9, view: 10, tombstones: 11 })}
      SELECT outcome FROM done`,

    /**
     * The fence is the newest, or the statement fails. From the fifth parameter on: the rows, the view, the tombstones.
     * Those that are as they are to be are not written.
     */
    replace: `WITH done AS MATERIALIZED (SELECT aecor_guard($1, $2::integer, $3::bigint, $4)::text AS guarded),
      ${write({ condition: "done.guarded IS NOT NULL", rows: 5, view: 6, tombstones: 7, replaced: true })}
      SELECT ((SELECT count(*) FROM stored)
        + (SELECT count(*) FROM (SELECT key FROM removed UNION SELECT key FROM noted) gone))::text AS changed FROM done`,

    /** The first rows, or those after a key: in the order of the key's index. */
    scan: (after: boolean) =>
      `SELECT "${key}"::text AS key, to_jsonb(stored)::text AS row FROM ${table.text} stored
      WHERE ${after ? `"${key}" > $2::${keyType}` : "true"} ORDER BY "${key}" LIMIT $1`,

    /** The rows whose columns are as given, or what is in their JSON; the order is that of the key's code points. */
    find: (where: ReadonlyArray<Condition>) => {
      const parameters: Array<unknown> = []
      const parameter = (value: unknown) => `$${parameters.push(value)}`
      const conditions = where.map(({ column, field, value }) => {
        const isNull = value === null || value === undefined
        if (Option.isSome(field)) {
          const found = `coalesce("${column}"::jsonb -> ${parameter(field.value)}::text, 'null')`
          return `${found} = ${isNull ? "'null'" : `${parameter(JSON.stringify(value))}::jsonb`}`
        }
        if (isNull) return `"${column}" IS NULL`
        const type = types.get(column) ?? "text"
        return equals(column, type, parameter(holdsJson(type) ? JSON.stringify(value) : value))
      })
      const text = `SELECT to_jsonb(stored)::text AS row FROM ${table.text} stored
        WHERE ${["true", ...conditions].join(" AND ")} ORDER BY "${key}"::text COLLATE "C"`
      return { text, parameters }
    },

    /**
     * Of the keys in the second parameter: the version of a row and that of a tombstone, and what waits in quarantines,
     * of one moment. The first parameter is the view.
     */
    versions: statement(`SELECT "${key}"::text AS key, version::text, NULL AS entry FROM ${table.text}
      WHERE "${key}" = ANY ($2::${keyType}[])
      UNION ALL SELECT key, version::text, NULL FROM view_tombstone
      WHERE view = $1 AND key = ANY ($2::${keyType}[]::text[])
      UNION ALL SELECT key, NULL, entry FROM (${quarantineSql.ofKeys("$1", `$2::${keyType}[]::text[]`)}) waiting`)
  }
}

const equals = (column: string, type: string, parameter: string): string =>
  type === "json" ? `"${column}"::jsonb = ${parameter}::jsonb` : `"${column}" = ${parameter}::${type}`

/** Whether a column holds JSON: values of it are given as JSON, others as they are. */
const holdsJson = (type: string | undefined): boolean => type === "json" || type === "jsonb"
