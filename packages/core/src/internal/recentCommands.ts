/**
 * The commands that wrote a key's recent events, with the answers they were given. A command that comes again under an
 * id found here answers with what was stored, instead of running twice.
 *
 * Of each source that sends in an order (`CommandId.ordered`) the commands of the last position stay, however many others
 * come after them: what such a source sent before is known to have been sent.
 *
 * The id, the command's tag and the answer travel in the metadata of the events; all events of a command carry them.
 */
import * as CommandId from "../CommandId.js"
import type { EntityEvent, Metadata } from "../EntityEvent.js"
import type { Offset } from "../Offset.js"

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

/** The commands of the last position of a source. */
interface Latest {
  readonly position: Offset
  readonly commands: Map<string, Recorded>
}

/** `others`: by id, the last to write is the last; `latest`: by source. Changed in place. */
export interface RecentCommands {
  readonly others: Map<string, Recorded>
  readonly latest: Map<string, Latest>
}

export const make = (): RecentCommands => ({ others: new Map(), latest: new Map() })

export const metadataOf = (id: string, tag: string, reply: string | undefined): Metadata =>
  reply === undefined ? { [idKey]: id, [tagKey]: tag } : { [idKey]: id, [tagKey]: tag, [replyKey]: reply }

/** What ran under an id, as far as is remembered. */
export const find = ({ latest, others }: RecentCommands, id: string): Recorded | undefined => {
  const known = others.get(id)
  if (known !== undefined) return known
  const place = CommandId.placeOf(id)
  return place === undefined ? undefined : latest.get(place.source)?.commands.get(id)
}

/** Whether a source that sends in an order has sent, and this key has stored, what comes after the command. */
export const isPassed = ({ latest }: RecentCommands, id: string): boolean => {
  const place = CommandId.placeOf(id)
  const last = place === undefined ? undefined : latest.get(place.source)
  return place !== undefined && last !== undefined && place.position < last.position
}

/** Recorded in this order. */
export const of = (all: Iterable<readonly [string, Recorded]>): RecentCommands => {
  const recent = make()
  for (const [id, recorded] of all) record(recent, id, recorded)
  return recent
}

/** All of them, in the order of which `of` makes the same again. */
export const entries = ({ latest, others }: RecentCommands): ReadonlyArray<readonly [string, Recorded]> => [
  ...others,
  ...[...latest.values()].flatMap(({ commands }) => [...commands])
]

export const record = (recent: RecentCommands, id: string, recorded: Recorded): void => {
  const place = CommandId.placeOf(id)
  if (place === undefined) return recordOther(recent, id, recorded)
  const last = recent.latest.get(place.source)
  if (last !== undefined && last.position === place.position) return void last.commands.set(id, recorded)
  if (last !== undefined && last.position > place.position) return recordOther(recent, id, recorded)
  recent.latest.set(place.source, { position: place.position, commands: new Map([[id, recorded]]) })
  for (const [passed, known] of last?.commands ?? []) recordOther(recent, passed, known)
}

const recordOther = ({ others }: RecentCommands, id: string, recorded: Recorded): void => {
  others.delete(id)
  others.set(id, recorded)
  if (others.size > capacity) {
    for (const oldest of others.keys()) {
      others.delete(oldest)
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
