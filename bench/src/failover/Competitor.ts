/** Who is compared: the nodes of each, and what has to be known of them. */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Fleet, type Model } from "chaos/fleet"
import { Effect } from "effect"
import * as Worker from "../run/Worker.js"

export interface Competitor {
  readonly name: "ours" | "singleton"
  readonly title: string
  readonly entry: string
  readonly fenced: boolean
  /** Whether several may start at once on an empty database. */
  readonly together: boolean
  /** How long is waited for its processes to come back and to spread, in milliseconds. */
  readonly bounds: { readonly atLeast: number; readonly revival: number; readonly even: number }
}

export const ours: Competitor = {
  name: "ours",
  title: "DistributedProcessing",
  entry: Fleet.entry,
  fenced: true,
  together: true,
  bounds: { atLeast: 2000, revival: 60_000, even: 30_000 }
}

export const singleton: Competitor = {
  name: "singleton",
  title: "Singleton, defaults",
  entry: fileURLToPath(new URL("programs/singletons.ts", import.meta.url)),
  fenced: false,
  // two that create the cluster's tables at once: one of them fails
  together: false,
  // they are never sure to be even; a rebalance begins some seconds after a node has joined
  bounds: { atLeast: 12_000, revival: 90_000, even: 0 }
}

let fleets = 0

/** Three nodes of it, in a database of their own. */
export const startFleet = (
  server: Fleet.Options["server"],
  { bounds, entry, fenced, together }: Competitor,
  sets: ReadonlyArray<Model.WriterSet>
) =>
  Effect.suspend(() => {
    const folder = path.join(server.directory, `fleet-${++fleets}`)
    fs.mkdirSync(folder)
    return Fleet.make({ server, sets, view: false, fenced, entry, folder, nodes: 3, together, bounds })
  })

/** What can go wrong with a fleet, as a benchmark fails. */
export const failed = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, ({ message }) => new Worker.WorkerFailed({ message }))
