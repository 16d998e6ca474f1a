import { DistributedProcessing, EntityHost, ProcessLease } from "@aecor/core"
import { Effect, Layer } from "effect"
import { AccountJournal } from "./account.js"
import { App, program } from "./app.js"
import { Balances } from "./balances.js"

// Where it runs: all of it in this process.
const Memory = Layer.mergeAll(
  EntityHost.layerLocal,
  DistributedProcessing.layerLocal,
  AccountJournal.layerMemory,
  Balances.layerMemory
).pipe(Layer.provide(ProcessLease.layerMemory))

export const inMemory = program.pipe(Effect.provide(App.pipe(Layer.provideMerge(Memory))))
