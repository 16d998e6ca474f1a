// What has become of the person's payments. The service knows; the page asks when it comes, and while one is on its way.
import { payments } from "./api.js"

/** @typedef {{ readonly bookingId: string, readonly state: "received" | "taken" | "refused", readonly reason: string | null }} Payment */

/** How often it is asked while a payment is on its way, and how often at the most, in milliseconds. */
const interval = 500
const most = 120

/**
 * @param {(payments: ReadonlyMap<string, Payment>) => void} show by booking
 * @param {(payment: Payment) => void} refused one was on its way here, and is refused
 */
export const makeOwnPayments = (show, refused) => {
  /** @type {ReadonlyMap<string, Payment>} */
  let known = new Map()
  let round = 0

  /** Asks until none is on its way. Who asks later takes over. @param {string} clientId */
  const look = async (clientId) => {
    const own = ++round
    for (let asked = 0; asked < most; asked++) {
      const answer = await payments(clientId)
      if (own !== round) return
      if (answer.ok) {
        const before = known
        known = new Map(answer.body.map((/** @type {Payment} */ payment) => [payment.bookingId, payment]))
        show(known)
        const all = [...known.values()]
        for (const payment of all) {
          if (payment.state === "refused" && before.get(payment.bookingId)?.state === "received") refused(payment)
        }
        if (all.every(({ state }) => state !== "received")) return
      }
      await new Promise((resolve) => setTimeout(resolve, interval))
    }
  }
  /** The service has received one of this page's: it is on its way, however soon it is refused. @param {Payment} payment */
  const sent = (payment) => {
    known = new Map(known).set(payment.bookingId, payment)
    show(known)
  }
  /** Of another person nothing is known. */
  const forget = () => {
    round += 1
    known = new Map()
    show(known)
  }
  return { look, sent, forget }
}
