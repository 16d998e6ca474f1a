/**
 * The application: its entities, its processes and its HTTP interface. Nothing here says where they run or where
 * anything is stored; `memory.ts` and `postgres.ts` do.
 *
 * They begin in this order and end in the opposite one: HTTP serves nobody before or after what it is made of.
 */
import { Layer } from "effect"
import * as Booking from "./domain/Booking.js"
import * as Http from "./http/Http.js"
import * as Processes from "./processes.js"

export const App = Http.layer.pipe(Layer.provide(Processes.layer), Layer.provide(Booking.layer))
