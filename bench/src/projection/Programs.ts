/** The processes of those who are compared. */
import { fileURLToPath } from "node:url"
import * as Journal from "../journal/Programs.js"
import type { Bare } from "../journal/programs/bare.js"
import * as Worker from "../run/Worker.js"
import type { Emmett } from "./programs/emmett.js"
import type { Node } from "./programs/node.js"
import type { Swaps } from "./programs/swaps.js"
import type { Looking } from "./programs/timers.js"

const file = (name: string): string => fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))

export const node = Worker.start<Node>(file("node"))
/** Swaps versions of a view. */
export const swaps = Worker.start<Swaps>(file("swaps"))
/** Looks at timers. */
export const timers = Worker.start<Looking>(file("timers"))
export const emmett = Worker.start<Emmett>(file("emmett"))
/** `pg` alone: it reads the journal by pages, and runs statements. */
export const bare = Worker.start<Bare>(Journal.file("bare"))
