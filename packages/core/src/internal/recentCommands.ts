/**
 * The commands that wrote a key's recent events, with the answers they were given. A command that comes again under an
 * id found here answers with what was stored, instead of running twice.
 *
 * The id, the command's tag and the answer travel in the metadata of the events; all events of a command carry them.
 */
import type { EntityEvent, Metadata } from "../EntityEvent.js"

const idKey = "aecor.command"
const tagKey = "aecor.commandTag"
const replyKey = "aecor.reply"

/** How many commands of a key are remembered: far more than can be under way when a node dies. */
const capacity = 256

/**
 * What ran under an id: the command's tag, the head that it left and the encoded value that it answered, `undefined`
 * where it answers nothing.
 */
export interface Recorded {
  readonly tag: string
  readonly sequence: number
  readonly reply: string | undefined
}

/** By id; the last to write is the last. */
export type RecentCommands = Map<string, Recorded>

export const metadataOf = (id: string, tag: string, reply: string | undefined): Metadata =>
  reply === undefined ? { [idKey]: id, [tagKey]: tag } : { [idKey]: id, [tagKey]: tag, [replyKey]: reply }

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
export const recordEvent = (recent: RecentCommands, { metadata, sequence }: EntityEvent<unknown>): void => {
  const id = metadata[idKey]
  const tag = metadata[tagKey]
  if (id !== undefined && tag !== undefined) record(recent, id, { tag, sequence, reply: metadata[replyKey] })
}
