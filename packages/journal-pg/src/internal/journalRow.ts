/** A row of a journal's table as its statements select it. */
import type { EntityEvent } from "@aecor/core"

export interface Row {
  readonly position: string
  readonly key: string
  readonly sequence: string
  readonly id: string
  readonly type: string
  readonly payload: string
  readonly metadata: string
  readonly timestamp: string
}

/** A stored event before its payload is decoded. */
export interface Stored extends Omit<EntityEvent.EntityEvent<unknown>, "event"> {
  readonly type: string
  readonly payload: unknown
}

export const fromRow = (row: Row): Stored => ({
  id: row.id,
  key: row.key,
  sequence: Number(row.sequence),
  position: Number(row.position),
  timestamp: Number(row.timestamp),
  metadata: JSON.parse(row.metadata) as EntityEvent.Metadata,
  type: row.type,
  payload: JSON.parse(row.payload)
})
