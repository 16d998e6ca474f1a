/** Ways to find the events of a tag, tried beside ours: where they look, and how. */
import * as Piece from "./Piece.js"
import { columns } from "./RawReader.js"

export interface Layout {
  readonly title: string
  readonly pieces: ReadonlyArray<Piece.Name>
  /** A page of the tag `$1` (name), `$2` (partition) after the position `$3`. */
  readonly page: string
}

const pageSize = 1000

/** `by`: whose position it is that the index holds. */
const select = (from: string, where: string, by = "stored"): string =>
  `SELECT ${columns} FROM ${from} WHERE ${where} AND ${by}.position > $3 ORDER BY ${by}.position LIMIT ${pageSize}`

const columnsAre = (of: string): string => `${of}.tag = $1::text AND ${of}.partition = $2::integer`

export const layouts = {
  btree: {
    title: "btree (tag, partition, position)",
    pieces: ["btree"],
    page: select("bench_btree stored", columnsAre("stored"))
  },
  gin: {
    title: "GIN (tags), sorted",
    pieces: ["gin"],
    page: select("bench_gin stored", `stored.tags @> ARRAY[${Piece.tagText("$1::text", "$2::integer")}]`)
  },
  sideTable: {
    title: "side table (tag, position)",
    pieces: ["base", "tags"],
    page: select("bench_tags tagged JOIN bench_base stored USING (position)", columnsAre("tagged"), "tagged")
  },
  scan: {
    title: "no index: scan by position",
    pieces: ["base"],
    page: select("bench_base stored", columnsAre("stored"))
  }
} satisfies Readonly<Record<string, Layout>>

export type Name = keyof typeof layouts
