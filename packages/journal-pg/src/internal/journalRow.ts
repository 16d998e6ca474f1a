/** A row of a journal's table as its statements select it: an array, whose reading costs half of an object's. */
import type { EntityEvent } from "@aecor/core"

export type Row = readonly [
  position: string,
  key: string,
  sequence: string,
  id: string,
  type: string,
  version: string,
  payload: string,
  metadata: string,
  timestamp: string
]

/** A row with its tags: its partition's, and the JSON of the others' texts. */
export type TaggedRow = readonly [...Row, tag: string, partition: string, others: string | null]

const none: EntityEvent.Metadata = {}

/** The event of a row, once its payload is decoded. */
export const eventOf = <E>(row: Row | TaggedRow, event: E): EntityEvent.EntityEvent<E> => ({
  id: row[3],
  key: row[1],
  sequence: Number(row[2]),
  position: Number(row[0]),
  timestamp: Number(row[8]),
  metadata: row[7] === "{}" ? none : (JSON.parse(row[7]) as EntityEvent.Metadata),
  event
})
