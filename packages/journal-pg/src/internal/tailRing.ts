/**
 * What a journal's tail has read last, by tag: contiguous segments, the oldest of which are forgotten first.
 *
 * A reader that stands within them takes its events from here; one that has fallen behind reads for itself, and is back
 * when it comes to `coveredFrom`. So a slow reader holds up nobody, and costs nobody memory.
 */
import type { Offset } from "@aecor/core"

/** The events of some tags, read together: of all positions after `from`, up to `to`. */
interface Segment<A> {
  readonly from: Offset.Offset
  readonly to: Offset.Offset
  /** The texts of the tags that were asked for, with what was found. */
  readonly byTag: ReadonlyMap<string, ReadonlyArray<A>>
  readonly size: number
}

export interface Ring<A> {
  readonly push: (segment: Segment<A>) => void
  /** The position from which on nothing of a tag is missing here; `end` where there is nothing of it. */
  readonly coveredFrom: (tag: string, end: Offset.Offset) => Offset.Offset
  /** The first segment that holds something of a tag after a position. */
  readonly after: (tag: string, position: Offset.Offset) => Segment<A> | undefined
  readonly clear: () => void
}

export const make = <A>(capacity: number): Ring<A> => {
  let segments: Array<Segment<A>> = []
  let size = 0

  return {
    push: (segment) => {
      segments.push(segment)
      size += segment.size
      while (size > capacity && segments.length > 1) size -= segments.shift()?.size ?? 0
    },
    coveredFrom: (tag, end) => {
      let from = end
      for (let i = segments.length - 1; i >= 0; i--) {
        const segment = segments[i]
        if (segment === undefined || !segment.byTag.has(tag)) break
        from = segment.from
      }
      return from
    },
    after: (tag, position) => segments.find(({ byTag, to }) => to > position && (byTag.get(tag)?.length ?? 0) > 0),
    clear: () => {
      segments = []
      size = 0
    }
  }
}
