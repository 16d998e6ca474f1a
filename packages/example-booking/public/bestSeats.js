// Chooses for a person who does not want to: free seats side by side, as far in front and in the middle as there are.

/** @typedef {{ readonly seat: { readonly row: number, readonly number: number }, readonly taken: boolean }} Cell */

/** How far from the middle seat of its row, and from the stage, a block of seats is; less is better. */
const distance = (/** @type {number} */ row, /** @type {number} */ middleOf, /** @type {number} */ width) =>
  row * 2 + Math.abs(middleOf - width / 2)

/**
 * @template {Cell} A
 * @param {ReadonlyArray<ReadonlyArray<A>>} rows
 * @param {number} count
 * @returns {ReadonlyArray<A>} none where no row has so many together
 */
export const bestSeats = (rows, count) => {
  /** @type {ReadonlyArray<A>} */
  let best = []
  let least = Infinity
  for (const [at, row] of rows.entries()) {
    for (let from = 0; from + count <= row.length; from++) {
      const block = row.slice(from, from + count)
      const isTogether = block.every(({ seat, taken }, i) => !taken && seat.number === (block[0]?.seat.number ?? 0) + i)
      const far = distance(at, from + count / 2, row.length)
      if (isTogether && far < least) [best, least] = [block, far]
    }
  }
  return best
}
