/**
 * Why a projection's process ends: what it met in its journal. The host starts it again, so each of these comes back
 * until its cause is mended.
 *
 * @since 0.1.0
 */
import type { ConsumerId, Offset } from "@aecor/core"
import { Data, Predicate } from "effect"

/** The error's own words, or what it is. */
const messageOf = (cause: unknown): string => (Predicate.isError(cause) ? cause.message : String(cause))

/**
 * An event could not be folded into its view, or its handler failed. Nothing behind it has been projected.
 *
 * @since 0.1.0
 * @category errors
 */
export class EventFailed extends Data.TaggedError("EventFailed")<{
  readonly projection: string
  readonly eventType: string
  readonly key: string
  readonly sequence: number
  readonly position: Offset.Offset
  readonly cause: unknown
}> {
  override get message(): string {
    const { cause, eventType, key, position, projection, sequence } = this
    const place = `key ${JSON.stringify(key)}, sequence ${sequence}, position ${position}`
    return `projection ${projection}: ${eventType} (${place}) failed: ${messageOf(cause)}`
  }
}

/**
 * A row is behind the event that came, and the journal does not hold the events between: its history has changed, or
 * the row is another journal's.
 *
 * @since 0.1.0
 * @category errors
 */
export class GapNotHealed extends Data.TaggedError("GapNotHealed")<{
  readonly projection: string
  readonly key: string
  readonly position: Offset.Offset
  /** The sequence that the row needs next. */
  readonly missing: number
  /** The sequence of the event that came. */
  readonly found: number
}> {
  override get message(): string {
    const { found, key, missing, position, projection } = this
    return (
      `projection ${projection}: key ${JSON.stringify(key)} needs sequence ${missing} before ${found} ` +
      `(position ${position}), and the journal does not have it`
    )
  }
}

/**
 * The stored offset lies beyond the last event of its tag: the journal has lost events that were projected.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetBeyondHead extends Data.TaggedError("OffsetBeyondHead")<{
  readonly consumer: ConsumerId.ConsumerId
  readonly offset: Offset.Offset
  readonly head: Offset.Offset
}> {
  override get message(): string {
    return `${this.consumer.toString()}: offset ${this.offset} is beyond the journal's head ${this.head}`
  }
}
