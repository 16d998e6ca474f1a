/** What the program's processes are given, and what they tell the one that started them. */
import type { EntityEvent } from "@aecor/core"
import { Redacted } from "effect"
import * as Child from "../run/child.js"
import { type Seen, idOf } from "./checker.js"
import type { Written } from "./model.js"

/** `Wrote`: so many events have been acknowledged so far, and so many appends found their key further on. */
interface Wrote {
  readonly _tag: "Wrote"
  readonly events: number
  readonly conflicts: number
}

/**
 * `Read`: events of a partition, four numbers each, as they came. `lagMs`: how long ago the first of them was
 * written, by Postgres's clock.
 */
export interface Read {
  readonly _tag: "Read"
  readonly partition: number
  readonly lagMs: number
  readonly events: Float64Array
}

/** `Resumed`: the stream of a partition failed, and goes on after the last event that it gave. */
interface Resumed {
  readonly _tag: "Resumed"
  readonly why: string
}

export type Message = Wrote | Read | Resumed

/**
 * What a process of this program is given: `life` is a number of its own, from 1; `place` that of the process whose
 * place it takes, from 0. `diary` is a writer's.
 */
export interface Settings {
  readonly url: Redacted.Redacted
  readonly seed: number
  readonly life: number
  readonly place: number
  readonly diary: string
}

/** The same as it is handed to a process, and there taken up again. */
type Given = Omit<Settings, "url"> & { readonly url: string }

export const given = ({ diary, life, place, seed, url }: Settings): Given => ({
  diary,
  life,
  place,
  seed,
  url: Redacted.value(url)
})

export const settings = (): Settings => {
  const { url, ...rest } = Child.settings<Given>()
  return { ...rest, url: Redacted.make(url) }
}

/** Tells it to the parent. */
export const tell: (message: Message) => void = Child.tell

const width = 4

/** An entity's key is a number written out. */
export const pack = (events: ReadonlyArray<EntityEvent.EntityEvent<Written>>): Float64Array => {
  const packed = new Float64Array(events.length * width)
  for (const [i, { event, key, position, sequence }] of events.entries()) {
    packed.set([Number(key), sequence, position, idOf(event.append, event.index)], i * width)
  }
  return packed
}

export const unpack = ({ events, partition }: Read, see: (event: Seen) => void): void => {
  for (let i = 0; i < events.length; i += width) {
    const [key = 0, sequence = 0, position = 0, id = 0] = events.subarray(i, i + width)
    see({ partition, key, sequence, position, id })
  }
}
