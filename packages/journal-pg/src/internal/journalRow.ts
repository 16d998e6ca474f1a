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

/** The metadata of the row before, which is mostly the next one's, too: all events of an append have the same. */
let before: { readonly text: string; readonly metadata: EntityEvent.Metadata } = { text: "{}", metadata: {} }

const metadataOf = (text: string): EntityEvent.Metadata => {
  if (text !== before.text) before = { text, metadata: JSON.parse(text) as EntityEvent.Metadata }
  return before.metadata
}

/** The event of a row, once its payload is decoded. */
export const eventOf = <E>(row: Row | TaggedRow, event: E): EntityEvent.EntityEvent<E> => ({
  id: row[3],
  key: row[1],
  sequence: Number(row[2]),
  position: Number(row[0]),
  timestamp: Number(row[8]),
  metadata: metadataOf(row[7]),
  event
})
