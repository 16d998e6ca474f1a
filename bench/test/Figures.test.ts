// The arithmetic behind every figure.
import { expect, it } from "@effect/vitest"
import * as Figures from "../src/run/Figures.js"
import * as Findings from "../src/run/Findings.js"

it("the median is the middle value, or between the two in the middle", () => {
  expect(Figures.median([9, 1, 5])).toBe(5)
  expect(Figures.median([10, 1, 5, 2])).toBe(3.5)
  expect(Figures.median([])).toBeNaN()
})

it("a quantile is the value below which its share of the values lies", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
  expect(Figures.quantile(hundred, 0.5)).toBe(51)
  expect(Figures.quantile(hundred, 0.99)).toBe(100)
  expect(Figures.quantile(hundred, 1)).toBe(100)
})

it("a ratio is taken in each round, so that a slow round does not count twice", () => {
  expect(Figures.ratio([10, 1, 20], [5, 0.5, 10])).toBe(2)
  expect(Figures.ratio([10, 1, 20], [20, 2, 10])).toBe(0.5)
})

it("figures have three digits, and large ones no decimals", () => {
  expect([0.123456, 12.3456, 123.456, 123456.7].map(Figures.rounded)).toEqual([0.123, 12.3, 123, 123457])
})

it("the summaries of parts become one, group by group", () => {
  const merged = Findings.merged([{ ratios: { a: 1 } }, { ratios: { b: 2 }, rssMb: { c: 3 } }])
  expect(merged).toEqual({ ratios: { a: 1, b: 2 }, rssMb: { c: 3 } })
})

it("a table is as wide as its widest cell, names to the left and figures to the right", () => {
  expect(
    Findings.lines({
      title: "t",
      head: ["", "ms"],
      rows: [
        ["long name", "1"],
        ["x", "1,000"]
      ]
    })
  ).toEqual(["t", "", "               ms", "---------   -----", "long name       1", "x           1,000"])
})
