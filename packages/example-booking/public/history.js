// What happens, as lists: the newest of everything, and all of one booking.
import { element } from "./dom.js"

/** @param {number} at */
export const timeOf = (at) => new Date(at).toLocaleTimeString("en-GB")

/** "BookingPlaced" as a person says it. @param {string} type */
export const wordOf = (type) => type.replace(/^Booking/, "")

/**
 * A list of the last so many lines, newest first.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement} empty what stands there while there is none
 * @param {number} most
 * @returns {(...line: ReadonlyArray<HTMLElement>) => void}
 */
export const logIn =
  (list, empty, most) =>
  (...line) => {
    empty.hidden = true
    list.prepend(element("li", {}, ...line))
    while (list.children.length > most) list.lastElementChild?.remove()
  }

/** @param {unknown} value @returns {string} */
const textOf = (value) => {
  if (Array.isArray(value)) return value.map(textOf).join(", ")
  if (typeof value !== "object" || value === null) return String(value)
  const { number, price, row, seat } = /** @type {Record<string, unknown>} */ (value)
  if (seat !== undefined) return `${textOf(seat)} at ${price}`
  return row === undefined ? JSON.stringify(value) : `row ${row} seat ${number}`
}

/**
 * @typedef {{
 *   readonly sequence: number, readonly at: number, readonly type: string, readonly fields: Readonly<Record<string, unknown>>
 * }} Event
 */

/** @param {HTMLElement} list @param {HTMLElement} empty */
export const historyIn = (list, empty) => (/** @type {ReadonlyArray<Event>} */ events) => {
  empty.hidden = events.length > 0
  // what has happened stays, so only what is new is added
  if (events.length < list.children.length) list.replaceChildren()
  list.append(
    ...events.slice(list.children.length).map(({ at, fields, sequence, type }) => {
      const details = Object.entries(fields).flatMap(([name, value]) => [
        element("dt", {}, name),
        element("dd", {}, textOf(value))
      ])
      return element(
        "li",
        { "data-type": type },
        element("p", {}, element("span", { class: "sequence" }, String(sequence)), element("strong", {}, type)),
        element("time", {}, timeOf(at)),
        element("dl", {}, ...details)
      )
    })
  )
}
