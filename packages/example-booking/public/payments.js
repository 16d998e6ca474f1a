// Payments that were refused: why, and each can be tried again.
import { payAgain } from "./api.js"
import { element, keyed, tell } from "./dom.js"
import { timeOf } from "./history.js"
import { reasonText } from "./reason.js"

/**
 * @typedef {{
 *   readonly paymentId: string, readonly clientId: string, readonly bookingId: string,
 *   readonly reason: string | null, readonly settledAt: string | null
 * }} Refused
 */

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} empty what stands there while there is none
 * @param {(bookingId: string) => void} follow
 * @returns {(payments: ReadonlyArray<Refused>) => void}
 */
export const refusedIn = (list, empty, follow) => {
  const show = keyed(
    list,
    (/** @type {Refused} */ { paymentId }) => paymentId,
    ({ bookingId, clientId, paymentId }) => {
      const why = element("p", { class: "why" })
      const when = element("time")
      const booking = element("button", { type: "button", class: "link", title: bookingId }, bookingId.slice(0, 8))
      booking.addEventListener("click", () => follow(bookingId))
      const again = element(
        "button",
        { type: "button", class: "small", "aria-label": `Try the payment of ${clientId} again` },
        "Try again"
      )
      again.addEventListener("click", async () => {
        if (again.getAttribute("aria-disabled") === "true") return
        again.setAttribute("aria-disabled", "true")
        tell(`The payment of ${clientId} is tried again …`)
        const answer = await payAgain(paymentId)
        if (!answer.ok) tell(answer.body?.message ?? "That was not answered. Try again in a moment.", "bad")
        again.setAttribute("aria-disabled", "false")
      })
      return {
        element: element(
          "li",
          { "data-payment": paymentId },
          element("p", { class: "payer" }, element("strong", {}, clientId), " for ", booking, " ", when),
          why,
          again
        ),
        update: ({ reason, settledAt }) => {
          why.textContent = reasonText(reason)
          when.textContent = settledAt === null ? "" : timeOf(Date.parse(settledAt))
        }
      }
    }
  )
  return (payments) => {
    empty.hidden = payments.length > 0
    show(payments)
  }
}
