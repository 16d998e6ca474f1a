/**
 * The halls of the concerts that memory sells. The database has its own from its migration; the conformance suite
 * compares.
 */
import { Array } from "effect"
import type { ConcertId } from "../domain/Ids.js"
import * as Id from "../domain/Ids.js"
import * as Money from "../domain/Money.js"
import type { Ticket } from "../domain/Ticket.js"

const rows = 30
const seatsPerRow = 50
/** The rows in front are the dear ones. */
const priceOf = (row: number): Money.Money => (row <= 10 ? Money.of(500n) : Money.of(300n))

const hall: ReadonlyArray<Ticket> = Array.flatMap(Array.range(1, rows), (row) =>
  Array.map(Array.range(1, seatsPerRow), (number) => ({ seat: { row, number }, price: priceOf(row) }))
)

/** The tickets of each concert, by row and number. */
export const concerts: ReadonlyMap<ConcertId, ReadonlyArray<Ticket>> = new Map([
  [Id.ConcertId.make("concertA"), hall],
  [Id.ConcertId.make("concertB"), hall]
])
