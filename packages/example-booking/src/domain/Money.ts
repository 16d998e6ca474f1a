/**
 * An amount of money: an exact decimal, in JSON a string such as "500" or "12.5". Never a float.
 */
import { BigDecimal, Schema } from "effect"

export const Money = Schema.BigDecimal.annotations({
  identifier: "Money",
  description: "an exact decimal",
  jsonSchema: { type: "string", examples: ["500", "12.5"] }
})
export type Money = typeof Money.Type

export const of = (amount: bigint): Money => BigDecimal.fromBigInt(amount)

export const total = (amounts: Iterable<Money>): Money => BigDecimal.sumAll(amounts)

export const isDue = (amount: Money): boolean => BigDecimal.isPositive(amount)
