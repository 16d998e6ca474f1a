/** The processes of the competitors. */
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import * as Worker from "../run/Worker.js"
import type { Bare } from "./programs/bare.js"
import type { Emmett } from "./programs/emmett.js"
import type { Ours } from "./programs/ours.js"

export interface Programs {
  readonly ours: Worker.Worker<Ours>
  readonly emmett: Worker.Worker<Emmett>
  readonly bare: Worker.Worker<Bare>
}

export const file = (name: string): string => fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))

/** Starts them; they end with the scope. */
export const start = Effect.gen(function* () {
  const programs: Programs = {
    ours: yield* Worker.start<Ours>(file("ours")),
    emmett: yield* Worker.start<Emmett>(file("emmett")),
    bare: yield* Worker.start<Bare>(file("bare"))
  }
  return programs
})
