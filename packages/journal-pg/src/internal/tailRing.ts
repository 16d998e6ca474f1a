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
  /** Adds what follows on the last segment. */
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
  /** By tag of the last segment, where its segments without a gap began, those included that are forgotten by now. */
  let begins = new Map<string, Offset.Offset>()

  /** The first segment that goes beyond a position, by halving: a reader mostly asks for the last of thousands. */
  const firstBeyond = (position: Offset.Offset): number => {
    let [low, high] = [0, segments.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((segments[middle]?.to ?? 0) > position) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    push: (segment) => {
      const before = begins
      begins = new Map()
      for (const tag of segment.byTag.keys()) begins.set(tag, before.get(tag) ?? segment.from)
      segments.push(segment)
      size += segment.size
      while (size > capacity && segments.length > 1) size -= segments.shift()?.size ?? 0
    },
    coveredFrom: (tag, end) => Math.max(begins.get(tag) ?? end, segments[0]?.from ?? end),
    after: (tag, position) => {
      for (let i = firstBeyond(position); i < segments.length; i++) {
        if ((segments[i]?.byTag.get(tag)?.length ?? 0) > 0) return segments[i]
      }
      return undefined
    },
    clear: () => {
      segments = []
      size = 0
      begins = new Map()
    }
  }
}
