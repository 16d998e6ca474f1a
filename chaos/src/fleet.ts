/** What the benchmarks use of this program: a fleet of nodes, what can be done to it, and what is measured then. */
export * as Child from "./run/child.js"
export * as Faults from "./processing/faults.js"
export * as Fleet from "./processing/fleet.js"
export type * as Messages from "./processing/messages.js"
export * as Model from "./processing/model.js"
export * as Trial from "./processing/trial.js"
export * as Writer from "./processing/writer.js"
