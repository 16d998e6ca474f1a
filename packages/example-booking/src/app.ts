/**
 * The application: its entities, its processes and its HTTP interface. Nothing here says where they run or where
 * anything is stored; `memory.ts` and `postgres.ts` do.
 */
import { Layer } from "effect"
import * as Booking from "./domain/Booking.js"
import * as Http from "./http/Http.js"
import * as Processes from "./processes.js"

export const App = Layer.mergeAll(Processes.layer, Http.layer).pipe(Layer.provide(Booking.layer))
