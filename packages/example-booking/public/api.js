// The service's endpoints, as the page uses them. Every request may be sent again, to whichever node answers: a booking
// has an id of the page's own making, and so has a payment, so a repeat changes nothing.

/** How long a request is repeated, in milliseconds. */
const patience = 120_000

const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Whoever stands before the nodes may answer for one that is gone. */
const tryAgain = new Set([502, 503, 504])

/**
 * @typedef {{ readonly ok: true, readonly body: any } | { readonly ok: false, readonly name: string, readonly body: any }} Answer
 */

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Answer>} `NoAnswer` where no node has answered in time
 */
const send = async (method, path, body) => {
  const until = Date.now() + patience
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(path, {
        method,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000)
      })
      if (!tryAgain.has(response.status)) {
        const answer = await response.json()
        return response.ok ? { ok: true, body: answer } : { ok: false, name: answer._tag, body: answer }
      }
    } catch {
      // nobody has answered, or not to the end: what has become of the request is not known, so it is sent again
    }
    if (Date.now() > until) return { ok: false, name: "NoAnswer", body: undefined }
    await pause(Math.min(2000, 100 * 2 ** attempt) * (0.5 + Math.random()))
  }
}

/** 128 random bits. `crypto.randomUUID` exists on secure origins only, and a trial may run on another. */
export const newId = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")

/** @typedef {{ readonly row: number, readonly number: number }} Seat */

/** @param {string} clientId @param {{ bookingId: string, concertId: string, seats: ReadonlyArray<Seat> }} order */
export const place = (clientId, order) => send("POST", `/clients/${clientId}/bookings`, order)

/** @param {string} clientId @param {string} bookingId @param {string} reason */
export const cancel = (clientId, bookingId, reason) =>
  send("DELETE", `/clients/${clientId}/bookings/${bookingId}`, { reason })

/** Has a refused payment tried again. @param {string} paymentId */
export const payAgain = (paymentId) => send("POST", `/payments/${encodeURIComponent(paymentId)}/again`, {})

/** Where all payments of a client stand. @param {string} clientId */
export const payments = (clientId) => send("GET", `/clients/${clientId}/payments`)

/** A booking has one payment, of its own id, however often it is sent. @param {string} clientId @param {string} bookingId */
export const pay = (clientId, bookingId) => send("POST", "/payments", { paymentId: bookingId, clientId, bookingId })
