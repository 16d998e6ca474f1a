// Amounts of money: exact decimals, as texts such as "500" or "12.5". Never floats.

/** An amount as an integer of its smallest unit, and how many digits that has behind the point. */
const parse = (/** @type {string} */ amount) => {
  const [whole = "0", fraction = ""] = amount.split(".")
  return { units: BigInt(whole + fraction), digits: fraction.length }
}

/**
 * @param {ReadonlyArray<string>} amounts
 * @returns {string}
 */
export const total = (amounts) => {
  const parsed = amounts.map(parse)
  const digits = Math.max(0, ...parsed.map((one) => one.digits))
  const units = parsed.reduce((sum, one) => sum + one.units * 10n ** BigInt(digits - one.digits), 0n)
  if (digits === 0) return String(units)
  const text = String(units).padStart(digits + 1, "0")
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`
}
