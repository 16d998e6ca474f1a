// The person's bookings: a card each, that follows what becomes of the booking.
import { element, keyed } from "./dom.js"
import { total } from "./money.js"
import { reasonText } from "./reason.js"

/** @typedef {import("./seatMap.js").Seat} Seat */
/**
 * A booking as the view tells it, and what has become of its payment, if there is one.
 *
 * @typedef {{
 *   readonly bookingId: string, readonly concertId: string, readonly seats: ReadonlyArray<Seat>,
 *   readonly tickets: ReadonlyArray<{ readonly seat: Seat, readonly price: string }>,
 *   readonly status: "AwaitingConfirmation" | "Confirmed" | "Denied" | "Cancelled" | "Expired" | "Settled",
 *   readonly expiresAt: string | null, readonly version: number,
 *   readonly payment?: import("./ownPayments.js").Payment | undefined
 * }} Booking
 */

/** @type {Readonly<Record<Booking["status"], string>>} */
export const statusWords = {
  AwaitingConfirmation: "Asking for the seats …",
  Confirmed: "Held for you",
  Denied: "Somebody was faster",
  Cancelled: "Given back",
  Expired: "Expired",
  Settled: "Paid"
}

/** @type {Readonly<Record<string, string>>} */
const concertNames = { concertA: "Concert A", concertB: "Concert B" }
/** @param {string} concertId */
export const concertName = (concertId) => concertNames[concertId] ?? concertId

/** Seats as a person reads them, row by row: "row 3: 7, 8". @param {ReadonlyArray<Seat>} seats */
export const seatsText = (seats) => {
  /** @type {Map<number, Array<number>>} */
  const byRow = new Map()
  for (const { number, row } of seats) byRow.set(row, [...(byRow.get(row) ?? []), number])
  return [...byRow]
    .toSorted(([a], [b]) => a - b)
    .map(([row, numbers]) => `row ${row}: ${numbers.toSorted((a, b) => a - b).join(", ")}`)
    .join(" · ")
}

const minute = 60_000

/** How long there is to pay, as words. @param {Booking} booking */
const timeLeft = ({ expiresAt, payment, status }) => {
  if (status !== "Confirmed" || expiresAt === null) return ""
  if (payment?.state === "received") return "your payment is on its way"
  const left = Date.parse(expiresAt) - Date.now()
  if (left <= 0) return "the time to pay is over"
  const minutes = Math.ceil(left / minute)
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return `${hours > 0 ? `${hours} h ` : ""}${rest} min to pay`
}

/** @param {Booking} booking */
const sumOf = ({ tickets }) => (tickets.length === 0 ? "" : total(tickets.map(({ price }) => price)))

/**
 * @param {HTMLElement} list
 * @param {{ readonly pay: (booking: Booking) => Promise<void>, readonly giveBack: (booking: Booking) => Promise<void> }} act
 * @returns {(bookings: ReadonlyArray<Booking>) => void}
 */
export const bookingsIn = (list, act) => {
  /** @param {Booking} first */
  const make = (first) => {
    let booking = first
    const status = element("strong", { class: "status" })
    const left = element("span", { class: "left" })
    const sum = element("span", { class: "sum" })
    const pay = element("button", { type: "button", class: "primary small" }, "Pay")
    const giveBack = element("button", { type: "button", class: "small" }, "Give back")
    const buttons = element("div", { class: "buttons" }, pay, giveBack)
    const heading = element("h3", { tabindex: -1 }, `${concertName(first.concertId)}, ${seatsText(first.seats)}`)
    const refusal = element("p", { class: "refusal" })
    const card = element(
      "li",
      { class: "ticket", "data-booking": first.bookingId },
      element("p", { class: "line" }, status, left),
      heading,
      element(
        "p",
        { class: "line" },
        sum,
        element("a", { href: `/machinery#${first.bookingId}` }, "What has happened")
      ),
      refusal,
      buttons
    )
    /** @param {HTMLElement} button @param {(booking: Booking) => Promise<void>} what */
    const doOnPress = (button, what) =>
      button.addEventListener("click", async () => {
        if (button.getAttribute("aria-disabled") === "true") return
        button.setAttribute("aria-disabled", "true")
        await what(booking).finally(() => button.setAttribute("aria-disabled", "false"))
      })
    doOnPress(pay, act.pay)
    doOnPress(giveBack, act.giveBack)
    /** @param {Booking} now */
    const update = (now) => {
      booking = now
      card.dataset["status"] = now.status
      status.textContent = statusWords[now.status]
      left.textContent = timeLeft(now)
      sum.textContent = sumOf(now)
      const isRefused = now.payment?.state === "refused"
      refusal.hidden = !isRefused
      refusal.textContent = isRefused ? `The payment was not taken: ${reasonText(now.payment.reason)}.` : ""
      const hadFocus = buttons.contains(document.activeElement)
      pay.hidden = now.status !== "Confirmed"
      giveBack.hidden = now.status !== "Confirmed" && now.status !== "AwaitingConfirmation"
      if (hadFocus && pay.hidden && giveBack.hidden) heading.focus()
    }
    return { element: card, update }
  }
  const show = keyed(list, (/** @type {Booking} */ { bookingId }) => bookingId, make)
  /** @type {ReadonlyArray<Booking>} */
  let shown = []
  setInterval(() => show(shown), minute / 4)
  return (bookings) => {
    shown = bookings
    show(bookings)
  }
}
