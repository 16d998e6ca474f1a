/**
 * Ids of commands that a source sends in an order: a process manager, one event after the other.
 *
 * An entity remembers the ids of its last 256 commands that stored events. Of such a source it remembers more, for as
 * long as it lives: the place of the last command that stored events. So a command of the source that comes again is
 * recognised however many others have come between.
 *
 * @since 0.1.0
 */
import type { ConsumerId } from "./ConsumerId.js"
import type { Offset } from "./Offset.js"

/**
 * The id of a command that a consumer sends because of the event at a position; `step` tells the commands of one event
 * apart.
 *
 * The consumer must send in the order of the positions: once a command of a later position has stored events on a key,
 * one of an earlier position is not run there any more. It answers as before where it is among the last 256, and fails
 * with `CommandFailed`, reason `CommandPassed`, where it is not, or where it had stored nothing.
 *
 * @example
 * ```ts
 * booking(event.key).Confirm({ … }, { commandId: CommandId.ordered(consumer, event.position, "Confirm") })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const ordered = (consumer: ConsumerId, position: Offset, step: string): string =>
  prefix + JSON.stringify([consumer.name, consumer.tag.name, consumer.tag.partition, position, step])

const prefix = "aecor.ordered "

/**
 * Where a command stands: its source, as one text, and the position there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly source: string
  readonly position: Offset
}

/**
 * The place that an id names; none where it is another kind of id.
 *
 * @since 0.1.0
 * @category combinators
 */
export const placeOf = (id: string): Place | undefined => {
  if (!id.startsWith(prefix)) return undefined
  const [name, tag, partition, position] = parsed(id.slice(prefix.length))
  return typeof position === "number" ? { source: JSON.stringify([name, tag, partition]), position } : undefined
}

/** The parts of an id; none of a text that nothing here has made. */
const parsed = (text: string): ReadonlyArray<unknown> => {
  try {
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}
