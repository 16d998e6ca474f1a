/**
 * The commands that wrote a key's recent events, with the answers they were given. A command that comes again under an
 * id found here answers with what was stored, instead of running twice.
 *
 * The id and the answer travel in the metadata of the events; all events of a command carry them.
 */
import type { EntityEvent, Metadata } from "../EntityEvent.js"

const idKey = "aecor.command"
const replyKey = "aecor.reply"

/** How many commands of a key are remembered: far more than can be under way when a node dies. */
const capacity = 256

/** What a command answered: the head it left and the encoded value, `undefined` where it answers nothing. */
export interface Recorded {
  readonly sequence: number
  readonly reply: string | undefined
}

export type RecentCommands = Map<string, Recorded>

export const metadataOf = (id: string, reply: string | undefined): Metadata =>
  reply === undefined ? { [idKey]: id } : { [idKey]: id, [replyKey]: reply }

export const record = (recent: RecentCommands, id: string, recorded: Recorded): void => {
  recent.delete(id)
  recent.set(id, recorded)
  if (recent.size > capacity) {
    for (const oldest of recent.keys()) {
      recent.delete(oldest)
      break
    }
  }
}

/** Notes the command of one event; of several events the last one's sequence stays. */
export const recordEvent = (recent: RecentCommands, event: EntityEvent<unknown>): void => {
  const id = event.metadata[idKey]
  if (id !== undefined) record(recent, id, { sequence: event.sequence, reply: event.metadata[replyKey] })
}
