/**
 * An event as the journal gives it to readers: the bare event with its place, its time and its metadata.
 *
 * @since 0.1.0
 */
import type { Offset } from "./Offset.js"

/**
 * Small facts stored beside an event: correlation, causation, the trace (`traceparent`, as W3C writes it), the command
 * that caused it. Keys that start with `aecor.` belong to the library.
 *
 * @since 0.1.0
 * @category models
 */
export interface Metadata {
  readonly [key: string]: string
}

/**
 * One stored event.
 *
 * - `id`: unique for ever; the idempotency key of whatever reacts to the event.
 * - `key`, `sequence`: the entity and the event's number in it, from 1, without holes.
 * - `position`: its place in the journal.
 * - `timestamp`: when the journal stored it, milliseconds since the epoch; never falls as the position grows.
 *
 * @since 0.1.0
 * @category models
 */
export interface EntityEvent<out E> {
  readonly id: string
  readonly key: string
  readonly sequence: number
  readonly position: Offset
  readonly timestamp: number
  readonly metadata: Metadata
  readonly event: E
}

/**
 * The key of the id that all of one story share: what a first command caused, what that caused, and so on.
 *
 * @since 0.1.0
 * @category models
 */
export const correlationId = "correlationId"

/**
 * The key of the id of the event that a command reacts to.
 *
 * @since 0.1.0
 * @category models
 */
export const causationId = "causationId"

/**
 * The metadata of a command that reacts to an event: the event is its cause, and it belongs to the event's story, which
 * the event itself begins where it names none.
 *
 * @example
 * ```ts
 * booking(event.key).Confirm({ … }, { commandId: `Confirmation/${event.id}`, metadata: EntityEvent.causedBy(event) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const causedBy = ({ id, metadata }: EntityEvent<unknown>): Metadata => ({
  [correlationId]: metadata[correlationId] ?? id,
  [causationId]: id
})
