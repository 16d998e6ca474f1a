/**
 * The statements of a view's table. Rows travel as JSON in both directions, and Postgres converts between it and the
 * types of the columns.
 */
import type { TableName } from "./identifier.js"
import { commitCall, offsetOf } from "./offsetSql.js"
import type { Column, Found } from "./viewColumns.js"

export const statements = (table: TableName, key: string, columns: ReadonlyArray<Column>, { types }: Found) => {
  const names = [...new Set([key, "version", ...columns.map(({ column }) => column)])].map((name) => `"${name}"`)
  const keyType = types.get(key) ?? "text"
  return {
    row: `SELECT to_jsonb(stored)::text AS row FROM ${table.text} stored WHERE "${key}" = $1::${keyType}`,

    /** The offset of the consumer in the first three parameters, and the rows of the keys in the fourth. */
    load: `SELECT ${offsetOf(1)} AS found,
      (SELECT coalesce(jsonb_agg(to_jsonb(stored)), '[]')::text FROM ${table.text} stored
       WHERE "${key}" = ANY ($4::${keyType}[])) AS rows`,

    /**
     * The offset is moved, or the statement fails: what reads \`moved\` happens with it or not at all. The tenth
     * parameter is the rows. Nobody is notified: Postgres would hold a lock of the whole server while the commit waits
     * for the disk, and every other commit that notifies, appends among them, would stand behind it.
     */
    commit: `WITH moved AS MATERIALIZED (SELECT ${commitCall} AS done),
      stored AS (
        INSERT INTO ${table.text} AS present (${names.join(", ")})
        SELECT ${names.map((name) => `next.${name}`).join(", ")}
        FROM moved CROSS JOIN jsonb_populate_recordset(NULL::${table.text}, $10::jsonb) next
        WHERE moved.done
        ON CONFLICT ("${key}") DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}
        WHERE present.version < excluded.version
      )
      SELECT done FROM moved`,

    /**
     * The fence is the newest, or the statement fails. The fifth parameter is the rows; those that are as they are to be
     * are not written.
     */
    replace: `WITH guarded AS MATERIALIZED (SELECT aecor_guard($1, $2::integer, $3::bigint, $4)::text AS done),
      stored AS (
        INSERT INTO ${table.text} AS present (${names.join(", ")})
        SELECT ${names.map((name) => `next.${name}`).join(", ")}
        FROM guarded CROSS JOIN jsonb_populate_recordset(NULL::${table.text}, $5::jsonb) next
        ON CONFLICT ("${key}") DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}
        WHERE present.version <= excluded.version AND
          to_jsonb(ROW(${names.map((name) => `present.${name}`).join(", ")})) IS DISTINCT FROM
          to_jsonb(ROW(${names.map((name) => `excluded.${name}`).join(", ")}))
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM stored)::text AS changed FROM guarded`,

    /** The first rows, or those after a key: in the order of the key's index. */
    scan: (after: boolean) =>
      `SELECT "${key}"::text AS key, to_jsonb(stored)::text AS row FROM ${table.text} stored
      WHERE ${after ? `"${key}" > $2::${keyType}` : "true"} ORDER BY "${key}" LIMIT $1`,

    /** The rows whose columns are as given; the order is that of the key's code points. */
    find: (where: ReadonlyArray<{ readonly column: string; readonly isNull: boolean }>) => {
      let parameter = 0
      const conditions = where.map(({ column, isNull }) =>
        isNull ? `"${column}" IS NULL` : equals(column, types.get(column) ?? "text", ++parameter)
      )
      return `SELECT to_jsonb(stored)::text AS row FROM ${table.text} stored
        WHERE ${["true", ...conditions].join(" AND ")} ORDER BY "${key}"::text COLLATE "C"`
    },

    versions: `SELECT "${key}"::text AS key, version::text FROM ${table.text} WHERE "${key}" = ANY ($1::${keyType}[])`
  }
}

const equals = (column: string, type: string, parameter: number): string =>
  type === "json" ? `"${column}"::jsonb = $${parameter}::jsonb` : `"${column}" = $${parameter}::${type}`

/** Whether a column holds JSON: values of it are given as JSON, others as they are. */
export const holdsJson = (type: string | undefined): boolean => type === "json" || type === "jsonb"
