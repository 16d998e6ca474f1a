import * as MemoryTicketReservation from "../../src/reservation/MemoryTicketReservation.js"
import { suite } from "./suite.js"

suite("memory", MemoryTicketReservation.layer())
