// Which queries a swap may have held up.
import { expect, it } from "@effect/vitest"
import { apart } from "../src/projection/Swap.js"

it("a query belongs to a swap where they were under way at the same time, be it for a moment", () => {
  const swaps = [
    { from: 10, to: 20 },
    { from: 50, to: 60 }
  ]
  const within = [
    { from: 5, to: 10 },
    { from: 12, to: 13 },
    { from: 20, to: 25 },
    { from: 40, to: 70 }
  ]
  const outside = [
    { from: 0, to: 9 },
    { from: 21, to: 49 },
    { from: 61, to: 61 }
  ]
  expect(apart([...outside, ...within], swaps)).toEqual([within, outside])
})
