/** What the program's nodes are given, what they are asked, and what they answer. */
import type { WriterSet } from "./model.js"

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Settings {
  /** Its name in `pg_stat_activity`. */
  readonly name: string
  /** Postgres, through the node's own wire. */
  readonly url: string
  /** The same for all but the cluster's own connections: through a pooler, where there is one. */
  readonly pooledUrl: string
  /** Where the others reach it: at the beginning of its own wire. */
  readonly address: Address
  /** Where it listens: at the end of that. */
  readonly listen: Address
  /** From where it speaks to the others, if nodes can be told from each other by that. */
  readonly source: string | undefined
  readonly sets: ReadonlyArray<WriterSet>
  /** Whether it keeps the view of the journal, too. */
  readonly view: boolean
  /** How often it asks the view that has two versions, in milliseconds; 0 where it neither keeps nor asks it. */
  readonly reads: number
  /** Without fences it writes whatever it believes to be next, and keeps its view so: to see that the checker finds that out. */
  readonly fenced: boolean
}

export const shutdownTimeout = 5000

/** `Block`: stand still, as in a long computation. `Quiet`: send no commands any more. `Shutdown`, `Resume`: the kill switch of a set. */
export type Request =
  | { readonly _tag: "Block"; readonly millis: number }
  | { readonly _tag: "Quiet" }
  | { readonly _tag: "Shutdown" | "Resume"; readonly set: string }

/** The kill switch has answered, after so long. */
export interface Answer {
  readonly _tag: "Answered"
  readonly millis: number
  readonly error: string | undefined
}
