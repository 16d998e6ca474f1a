/** Which partition an event of a journal in memory belongs to, and how the journal gets others. */
import { Effect } from "effect"
import { JournalError } from "../JournalError.js"
import type { Offset } from "../Offset.js"
import * as Tagging from "../Tagging.js"
import * as TaggingHistory from "../TaggingHistory.js"

/** What partitions ask of a stored event. */
interface Placed {
  readonly key: string
  readonly position: Offset
  readonly partition: Tagging.EventTag
  readonly others: ReadonlyArray<Tagging.EventTag>
}

/** How a tag is read: what belongs to it, where it begins, and where it ends. */
export interface Reading {
  readonly matches: (stored: Placed) => boolean
  readonly begin: Offset
  readonly end: Offset
}

export const make = (options: {
  readonly journal: string
  readonly tagging: Tagging.Tagging
  readonly generations: Map<string, ReadonlyArray<TaggingHistory.Generation>>
  readonly log: ReadonlyArray<Placed>
}) => {
  const { generations, journal, log, tagging } = options
  const { name, partitions } = tagging
  const known = () => generations.get(name) ?? []
  const otherPartitions = (description: string) => new JournalError({ journal, reason: "OtherPartitions", description })

  /** The tag under which so many new events of a key are stored. The first ones make the number of partitions known. */
  const place = (key: string, events: number): Tagging.EventTag => {
    if (partitions === undefined) return tagging.tagOf(key)
    if (events > 0 && known().length === 0) generations.set(name, [{ partitions, first: 0, since: 0 }])
    const newest = known().at(-1)
    if (newest === undefined) return tagging.tagOf(key)
    return Tagging.tag(name, newest.first + (Tagging.stableHash(key) % newest.partitions))
  }

  const reading = (tag: Tagging.EventTag): Effect.Effect<Reading, JournalError> =>
    Effect.suspend(() => {
      if (tag.name !== name || partitions === undefined) {
        const matches = (stored: Placed) =>
          Tagging.isSame(stored.partition, tag) || stored.others.some((one) => Tagging.isSame(one, tag))
        return Effect.succeed({ matches, begin: 0, end: Number.POSITIVE_INFINITY })
      }
      return Effect.map(TaggingHistory.partsOf(journal, known(), partitions, tag.partition), (parts): Reading => {
        const last = parts.at(-1)
        return {
          matches: (stored) => stored.partition.name === name && Tagging.isSame(tagging.tagOf(stored.key), tag),
          begin: last?.after ?? 0,
          end: last?.to ?? Number.POSITIVE_INFINITY
        }
      })
    })

  const partitioning = Effect.sync(() => {
    const [before, newest] = [known().at(-2), known().at(-1)]
    const since = newest?.since ?? 0
    return {
      partitions: newest?.partitions ?? 0,
      since,
      before: before === undefined ? [] : lastOfEach(before.partitions, since)
    }
  })

  const repartition = Effect.suspend(() => {
    if (partitions === undefined) return otherPartitions("its tagging is not by a stable hash of the key")
    const before = known().at(-1)
    if (before === undefined) generations.set(name, [{ partitions, first: 0, since: 0 }])
    else if (before.partitions !== partitions) {
      generations.set(name, [...known(), TaggingHistory.next(before, partitions, log.length)])
    }
    return partitioning
  })

  const lastOfEach = (count: number, to: Offset): ReadonlyArray<Offset> => {
    const found = Array.from({ length: count }, () => 0)
    for (const { key, partition, position } of log.slice(0, to)) {
      if (partition.name === name) found[Tagging.stableHash(key) % count] = position
    }
    return found
  }

  return { place, reading, partitioning, repartition }
}
