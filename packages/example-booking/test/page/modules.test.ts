/** What the page's modules work out, without a page. */
import { describe, expect, it } from "@effect/vitest"
import { bestSeats } from "../../public/bestSeats.js"
import { total } from "../../public/money.js"

describe("a total", () => {
  it("is exact, whatever the amounts' digits", () => {
    expect(total(["500", "300"])).toBe("800")
    expect(total(["0.1", "0.2"])).toBe("0.3")
    expect(total(["12.5", "0.05", "9007199254740993"])).toBe("9007199254741005.55")
    expect(total(["0.25", "0.25"])).toBe("0.50")
    expect(total([])).toBe("0")
  })
})

describe("the best seats", () => {
  /** Rows of a hall: `.` is free, `x` taken, a blank no seat. */
  const hall = (...rows: ReadonlyArray<string>) =>
    rows.map((seats, i) =>
      [...seats].flatMap((character, at) =>
        character === " " ? [] : [{ seat: { row: i + 1, number: at + 1 }, taken: character === "x" }]
      )
    )
  const numbers = (rows: ReturnType<typeof hall>, count: number) =>
    bestSeats(rows, count).map(({ seat }) => [seat.row, seat.number])

  it("are those in front and in the middle", () => {
    expect(numbers(hall("......", "......"), 2)).toEqual([
      [1, 3],
      [1, 4]
    ])
  })

  it("are free, and side by side: no taken seat and no gap between", () => {
    expect(numbers(hall(".x.x.x", ".. ..."), 3)).toEqual([
      [2, 4],
      [2, 5],
      [2, 6]
    ])
  })

  it("are none where no row has so many", () => {
    expect(numbers(hall(".x.", "..x"), 3)).toEqual([])
  })
})
