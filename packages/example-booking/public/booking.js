// The page for a person: a seat map that fills as one looks, a choice of seats, and the bookings that came of it.
import * as api from "./api.js"
import { bestSeats } from "./bestSeats.js"
import { bookingsIn, concertName, seatsText } from "./bookings.js"
import { byId, element, keyed, tell } from "./dom.js"
import { connectionShownIn, listen } from "./live.js"
import { total } from "./money.js"
import { makeOwnPayments } from "./ownPayments.js"
import { reasonText } from "./reason.js"
import { keyOf, labelOf, makeSeatMap } from "./seatMap.js"

/** @typedef {import("./seatMap.js").Seat} Seat */
/** @typedef {import("./seatMap.js").Row} Row */
/** @typedef {import("./bookings.js").Booking} Booking */

/** A booking has so many seats at the most. */
const most = 10

const concerts = byId("concerts", HTMLFieldSetElement)
const free = byId("free", HTMLElement)
const legend = byId("legend", HTMLElement)
const hold = byId("hold", HTMLButtonElement)
const name = byId("name", HTMLInputElement)
const bestCount = byId("best-count", HTMLSelectElement)

let concertId = "concertA"
let clientId = localStorage.getItem("client") ?? `guest-${api.newId().slice(0, 8)}`
/** The seats that are chosen, in the order of choosing. @type {ReadonlyMap<string, { seat: Seat, price: string }>} */
let chosen = new Map()
/** @type {ReadonlyArray<Booking>} */
let bookings = []
/** Bookings that were placed here and are not in the view yet. @type {ReadonlyArray<Booking>} */
let placed = []
/** @type {ReadonlyMap<string, Booking["status"]>} */
let statuses = new Map()
/** What has become of payments, by booking. @type {ReadonlyMap<string, import("./ownPayments.js").Payment>} */
let payments = new Map()

const isHolding = (/** @type {Booking} */ { status }) =>
  status === "AwaitingConfirmation" || status === "Confirmed" || status === "Settled"

const ownBookings = () => {
  const seen = new Set(bookings.map(({ bookingId }) => bookingId))
  return [...placed.filter(({ bookingId }) => !seen.has(bookingId)), ...bookings]
}

const seatMap = makeSeatMap(byId("seats", HTMLElement), (seat, price, taken) => {
  const key = keyOf(seat)
  if (chosen.has(key)) return choose(new Map([...chosen].filter(([other]) => other !== key)))
  if (isMine(key)) return tell(`You have ${labelOf(seat)} already.`)
  if (taken) return tell(`Somebody has ${labelOf(seat)} already.`, "bad")
  if (chosen.size >= most) return tell(`A booking has ${most} seats at the most.`, "bad")
  choose(new Map([...chosen, [key, { seat, price }]]))
})

const mine = () =>
  new Set(
    ownBookings()
      .filter((booking) => booking.concertId === concertId && isHolding(booking))
      .flatMap(({ seats }) => seats.map(keyOf))
  )
const isMine = (/** @type {string} */ key) => mine().has(key)

const showChosen = keyed(
  byId("chosen", HTMLElement),
  (/** @type {{ seat: Seat, price: string }} */ { seat }) => keyOf(seat),
  ({ price, seat }) => {
    const remove = element(
      "button",
      { type: "button", class: "remove", "aria-label": `Leave out ${labelOf(seat)}` },
      "×"
    )
    remove.addEventListener("click", () => {
      choose(new Map([...chosen].filter(([key]) => key !== keyOf(seat))))
      hold.focus()
    })
    return {
      element: element("li", {}, element("span", {}, `Row ${seat.row}, seat ${seat.number}`), price, remove),
      update: () => {}
    }
  }
)

/** @param {ReadonlyMap<string, { seat: Seat, price: string }>} seats */
const choose = (seats) => {
  chosen = seats
  const count = chosen.size
  showChosen([...chosen.values()])
  byId("choice", HTMLElement).dataset["count"] = String(count)
  byId("total-label", HTMLElement).textContent =
    count === 0 ? "No seat chosen" : `${count} ${count === 1 ? "seat" : "seats"}`
  byId("total", HTMLElement).textContent = count === 0 ? "" : total([...chosen.values()].map(({ price }) => price))
  hold.disabled = count === 0
  mark()
}
const mark = () => seatMap.mark(new Set(chosen.keys()), mine())

/** @param {ReadonlyArray<Row>} rows */
const showSeats = (rows) => {
  seatMap.update(rows)
  const lost = [...chosen.values()].filter(({ seat }) => seatMap.cell(keyOf(seat))?.taken !== false)
  if (lost.length > 0) {
    const keys = new Set(lost.map(({ seat }) => keyOf(seat)))
    choose(new Map([...chosen].filter(([key]) => !keys.has(key))))
    // one's own booking takes them too, a moment after it was placed
    const toOthers = lost.filter(({ seat }) => !isMine(keyOf(seat)))
    if (toOthers.length > 0) tell(`Just taken by somebody else: ${seatsText(toOthers.map(({ seat }) => seat))}.`, "bad")
  }
  const cells = seatMap.rows().flat()
  const left = cells.filter(({ taken }) => !taken).length
  free.textContent = `${left.toLocaleString("en")} of ${cells.length.toLocaleString("en")} free`
  const prices = [...new Set(rows.map(({ price }) => price))]
  /** @param {Record<string, string | number>} of @param {string} text */
  const entry = (of, text) =>
    element("li", {}, element("span", { class: "seat", "aria-hidden": "true", ...of }), ` ${text}`)
  legend.replaceChildren(
    ...prices.map((price, i) => entry({ "data-state": "free", "data-tier": i + 1 }, price)),
    entry({ "data-state": "chosen" }, "chosen"),
    entry({ "data-state": "mine" }, "yours"),
    entry({ "data-state": "taken" }, "taken")
  )
}

/** What is said when a booking has come to a state. @param {Booking} booking */
const newsOf = ({ seats, status }) => {
  const what = seatsText(seats)
  if (status === "Confirmed") tell(`Held for you: ${what}. Pay for them, or give them back.`, "good")
  if (status === "Denied") tell(`Somebody was faster, and has taken seats of yours: ${what}. Nothing is to pay.`, "bad")
  if (status === "Settled") tell(`Paid: ${what}. See you at the concert!`, "good")
  if (status === "Cancelled") tell(`Given back: ${what}.`)
  if (status === "Expired") tell(`The time to pay is over, and the seats are given back: ${what}.`, "bad")
}

const showBookings = () => {
  const all = ownBookings().map((booking) => ({ ...booking, payment: payments.get(booking.bookingId) }))
  show(all)
  byId("no-bookings", HTMLElement).hidden = all.length > 0
  mark()
}
const show = bookingsIn(byId("bookings", HTMLElement), {
  pay: async ({ bookingId }) => {
    const answer = await api.pay(clientId, bookingId)
    refused(answer, "The payment")
    if (!answer.ok) return
    ownPayments.sent(answer.body)
    await ownPayments.look(clientId)
  },
  giveBack: async ({ bookingId, seats }) => {
    const reason = await askReason(seats)
    if (reason !== undefined) refused(await api.cancel(clientId, bookingId, reason), "Giving back")
  }
})

/** A payment is received at once, and taken or refused by its booking soon after. */
const ownPayments = makeOwnPayments(
  (known) => {
    payments = known
    showBookings()
  },
  ({ reason }) => tell(`The payment was not taken, and the money comes back: ${reasonText(reason)}.`, "bad")
)

/** Tells why something was refused. @param {api.Answer} answer @param {string} what */
const refused = (answer, what) => {
  if (answer.ok) return
  if (answer.name === "NoAnswer") tell(`${what} was not answered. Try again in a moment.`, "bad")
  else tell(`${what} was refused: ${answer.body.message ?? answer.name}`, "bad")
}

/** @param {ReadonlyArray<Seat>} seats @returns {Promise<string | undefined>} none where they are kept */
const askReason = (seats) => {
  const dialog = byId("give-back", HTMLDialogElement)
  const reason = byId("reason", HTMLInputElement)
  byId("give-back-seats", HTMLElement).textContent = seatsText(seats)
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) =>
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "give" ? reason.value.trim() || "changed my mind" : undefined),
      { once: true }
    )
  )
}

/** Newest first. @param {ReadonlyArray<Booking>} rows */
const hear = (rows) => {
  const before = statuses
  statuses = new Map(rows.map(({ bookingId, status }) => [bookingId, status]))
  const since = (/** @type {Booking} */ { bookingId }) => placedAt.get(bookingId) ?? 0
  bookings = rows.toSorted((a, b) => since(b) - since(a) || Number(isHolding(b)) - Number(isHolding(a)))
  showBookings()
  const isChanged = (/** @type {Booking} */ { bookingId, status }) => (before.get(bookingId) ?? status) !== status
  if (rows.some(isChanged)) void ownPayments.look(clientId)
  for (const booking of rows) {
    const known = before.get(booking.bookingId)
    const isNews = known === undefined ? placedAt.has(booking.bookingId) : known !== booking.status
    if (isNews) newsOf(booking)
  }
}
/** When a booking was placed on this page. @type {Map<string, number>} */
const placedAt = new Map()

hold.addEventListener("click", async () => {
  const bookingId = api.newId()
  const seats = [...chosen.values()].map(({ seat }) => seat)
  const order = { bookingId, concertId, seats }
  placedAt.set(bookingId, Date.now())
  placed = [{ ...order, tickets: [], status: "AwaitingConfirmation", expiresAt: null, version: 0 }, ...placed]
  choose(new Map())
  showBookings()
  tell(`Asking for ${seatsText(seats)} …`)
  const answer = await api.place(clientId, order)
  if (answer.ok) return
  placed = placed.filter((one) => one.bookingId !== bookingId)
  showBookings()
  refused(answer, "The booking")
})

byId("best", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault()
  const count = Number(bestCount.value)
  const found = bestSeats(seatMap.rows(), count)
  const [first] = found
  if (first === undefined) return tell(`No row has ${count} free seats together any more.`, "bad")
  choose(new Map(found.map(({ price, seat }) => [keyOf(seat), { seat, price }])))
  seatMap.reveal(first.seat)
  tell(`Chosen: ${seatsText(found.map(({ seat }) => seat))}.`)
})
bestCount.append(
  ...Array.from({ length: most }, (_, i) => element("option", { value: i + 1, selected: i === 1 }, String(i + 1)))
)

concerts.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return
  concertId = target.value
  nameHall()
  choose(new Map())
  relisten()
})
const nameHall = () => byId("seats", HTMLElement).setAttribute("aria-label", `Seats of ${concertName(concertId)}`)

byId("who", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault()
  if (name.value === clientId) return
  clientId = name.value
  localStorage.setItem("client", clientId)
  bookings = placed = []
  statuses = new Map()
  placedAt.clear()
  ownPayments.forget()
  relisten()
  tell(`You book as ${clientId} now.`)
})

localStorage.setItem("client", clientId)
name.value = clientId
nameHall()
choose(chosen)
const showConnection = connectionShownIn(byId("connection", HTMLElement), tell)
const relisten = listen(
  () => `/live/concerts/${concertId}?client=${encodeURIComponent(clientId)}`,
  { seats: ({ rows }) => showSeats(rows), bookings: hear },
  (state, node) => {
    showConnection(state, node)
    if (state === "live") void ownPayments.look(clientId)
  }
)
