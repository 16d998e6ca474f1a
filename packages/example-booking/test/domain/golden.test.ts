/** What old journals contain must be read for ever: the golden JSON of every event. */
import { GoldenEvents } from "@aecor/core/testing"
import { BookingJournal } from "../../src/domain/Booking.js"

GoldenEvents.suite(BookingJournal, { directory: new URL("golden", import.meta.url) })
