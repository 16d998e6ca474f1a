/**
 * What the queries of one process have shown, and what cannot be true of a view from which no swap takes anything. Pure: fed
 * with the answers.
 *
 * A query that begins after another one was answered shows of each key no less than that one did, and no less than what
 * `awaitReceipt` had promised by then.
 */

/**
 * Rows that a query has not shown as it had to.
 *
 * - `vanished`: the row had been shown before, and was not there.
 * - `backwards`: it was there, at a lower version than before.
 * - `lied`: it was not there at the version that had been promised.
 */
export interface Wrong {
  readonly vanished: number
  readonly backwards: number
  readonly lied: number
}

/** Versions of a key: the highest that was shown, and the highest that was promised. */
interface Known {
  readonly shown: number
  readonly promised: number
}

const nothing: Known = { shown: 0, promised: 0 }

/** The versions of rows, by key. */
export type Answer = ReadonlyMap<string, number>

export const make = () => {
  const known = new Map<string, Known>()
  const raise = (key: string, by: Partial<Known>) => {
    const { promised, shown } = known.get(key) ?? nothing
    known.set(key, { shown: Math.max(shown, by.shown ?? 0), promised: Math.max(promised, by.promised ?? 0) })
  }
  return {
    promised: (key: string, version: number): void => raise(key, { promised: version }),

    /** A query begins, of one key or of all; what is wrong with its answer is told by what is known now. */
    begin: (key?: string): ((answer: Answer) => Wrong) => {
      const before = key === undefined ? new Map(known) : new Map([[key, known.get(key) ?? nothing]])
      return (answer) => {
        const wrong = { vanished: 0, backwards: 0, lied: 0 }
        for (const [one, { promised, shown }] of before) {
          const version = answer.get(one) ?? 0
          if (version === 0 && shown > 0) wrong.vanished += 1
          else if (version < shown) wrong.backwards += 1
          if (version < promised) wrong.lied += 1
        }
        for (const [one, version] of answer) raise(one, { shown: version })
        return wrong
      }
    }
  }
}
