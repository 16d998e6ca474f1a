/**
 * Who is right, when a reader has read and a table says what it holds? Pure: it is fed with what was seen, stored and
 * sent, and counts what cannot be.
 *
 * An event's id is given by its writer and stored inside the event, so that one that is written twice is known again,
 * whatever the journal calls it. `idOf` puts it together from the number of the append and the event's place in it.
 */

/** An event as a reader sees it, or as the table holds it. */
export interface Seen {
  readonly partition: number
  readonly key: number
  readonly sequence: number
  readonly position: number
  readonly id: number
}

/** The most events that an append may have. */
export const maxEvents = 64
export const idOf = (append: number, index: number): number => append * maxEvents + index

const absent = -1

/** What one reader has seen: for each key the ids of its events, that of sequence 1 first. */
export interface View {
  readonly see: (event: Seen) => void
  readonly keys: ReadonlyMap<number, ReadonlyArray<number>>
  /** The position of the last event that was seen of a partition, 0 before the first. */
  readonly positionOf: (partition: number) => number
  readonly counts: Readonly<Record<"events" | "outOfOrder" | "twice" | "holes", number>>
}

export const makeView = (): View => {
  const keys = new Map<number, Array<number>>()
  const positions = new Map<number, number>()
  const counts = { events: 0, outOfOrder: 0, twice: 0, holes: 0 }
  const positionOf = (partition: number) => positions.get(partition) ?? 0
  return {
    keys,
    positionOf,
    counts,
    see: ({ id, key, partition, position, sequence }) => {
      counts.events += 1
      if (position > positionOf(partition)) positions.set(partition, position)
      else counts.outOfOrder += 1
      const ids = keys.get(key) ?? []
      if (ids.length === 0) keys.set(key, ids)
      if (sequence <= ids.length && ids[sequence - 1] !== absent) {
        counts.twice += 1
        return
      }
      for (; ids.length < sequence - 1; counts.holes += 1) ids.push(absent)
      ids[sequence - 1] = id
    }
  }
}

/**
 * What a writer knows of an append: that it is stored, that nothing of it is or will be, or neither, because nobody has
 * told it (any more).
 */
export type Outcome = "stored" | "refused" | "unknown"

/** An append that was sent: `count` events for the sequences `expected + 1` and on of a key. */
export interface Append {
  readonly append: number
  readonly key: number
  readonly expected: number
  readonly count: number
}

/** All that was sent, and what the writers were told of it. */
export interface Ledger {
  readonly sent: (append: Append) => void
  readonly told: (append: number, outcome: Outcome) => void
  readonly appends: ReadonlyMap<number, Append & { readonly outcome: Outcome }>
}

export const makeLedger = (): Ledger => {
  const appends = new Map<number, Append & { outcome: Outcome }>()
  return {
    appends,
    sent: (append) => void appends.set(append.append, { ...append, outcome: "unknown" }),
    told: (append, outcome) => {
      const known = appends.get(append)
      if (known !== undefined) known.outcome = outcome
    }
  }
}

/**
 * Counts, all of them of events but the last, which is of appends. All but the last must be 0.
 *
 * - `missed`: in the table, and not seen by a reader, each reader counted.
 * - `twice`: seen again by a reader, or stored again in the table.
 * - `outOfOrder`: seen at a position that is not beyond the one before it.
 * - `holes`: not there when a later one of the key was seen.
 * - `lost`: of an append that was acknowledged, or stored in part, and not in the table.
 * - `unsent`: in the table where no writer sent it to, or seen and not in the table.
 * - `denied`: in the table, although the writer was told that it is not and will not be.
 * - `inDoubt`: of unknown outcome: may be there as a whole or not at all.
 */
export interface Verdict {
  readonly missed: number
  readonly twice: number
  readonly outOfOrder: number
  readonly holes: number
  readonly lost: number
  readonly unsent: number
  readonly denied: number
  readonly inDoubt: number
}

/** Whether nothing is wrong. */
export const isClean = ({ inDoubt: _, ...counts }: Verdict): boolean => Object.values(counts).every((n) => n === 0)

/** The events of `one` that `other` does not have at the same key and sequence. */
const missingIn = (one: View, other: View): number => {
  let count = 0
  for (const [key, ids] of one.keys) {
    const others = other.keys.get(key)
    for (const [i, id] of ids.entries()) if (id !== absent && others?.[i] !== id) count += 1
  }
  return count
}

/** Judges, when nothing happens any more: all readers have come to the end, and the table was read by position. */
export const judge = (table: View, readers: ReadonlyArray<View>, { appends }: Ledger): Verdict => {
  const total = (count: (view: View) => number, views: ReadonlyArray<View>) =>
    views.reduce((sum, view) => sum + count(view), 0)
  const everyone = [table, ...readers]
  const counts = { lost: 0, denied: 0, inDoubt: 0, storedAgain: 0, unsent: 0 }

  for (const { append, count, expected, key, outcome } of appends.values()) {
    const ids = table.keys.get(key)
    let there = 0
    for (let i = 0; i < count; i++) if (ids?.[expected + i] === idOf(append, i)) there += 1
    if (outcome === "stored" || (outcome === "unknown" && there > 0)) counts.lost += count - there
    if (outcome === "refused") counts.denied += there
    if (outcome === "unknown") counts.inDoubt += 1
  }
  for (const [key, ids] of table.keys) {
    for (const [i, id] of ids.entries()) {
      if (id === absent) continue
      const sent = appends.get(Math.floor(id / maxEvents))
      const index = id % maxEvents
      if (sent === undefined || index >= sent.count) counts.unsent += 1
      else if (sent.key !== key || sent.expected + index !== i) {
        if (table.keys.get(sent.key)?.[sent.expected + index] === id) counts.storedAgain += 1
        else counts.unsent += 1
      }
    }
  }
  return {
    missed: total((reader) => missingIn(table, reader), readers),
    twice: counts.storedAgain + total((view) => view.counts.twice, everyone),
    outOfOrder: total((view) => view.counts.outOfOrder, everyone),
    holes: total((view) => view.counts.holes, everyone),
    lost: counts.lost,
    unsent: counts.unsent + total((reader) => missingIn(reader, table), readers),
    denied: counts.denied,
    inDoubt: counts.inDoubt
  }
}
