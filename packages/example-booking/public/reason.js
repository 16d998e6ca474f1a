// Why a payment was refused, for people.

/** "BookingIsExpired: the booking has expired" as a person says it. @param {string | null} reason */
export const reasonText = (reason) => (reason ?? "").replace(/^\w+: /, "")
