/** What a program that fails says of it. */
import { SqlError } from "@effect/sql"
import { expect, it } from "@effect/vitest"
import { Cause } from "effect"
import { describe as said } from "../src/runMain.js"

const saidOf = (error: unknown): string => said(Cause.fail(error))

it("an error is told with what is behind it, and nothing twice", () => {
  const network = new Error("connect ECONNREFUSED 127.0.0.1:1")
  const client = new SqlError.SqlError({ message: "Failed to connect", cause: network })
  expect(saidOf(client)).toBe("Failed to connect: connect ECONNREFUSED 127.0.0.1:1")
  expect(saidOf(new Error("no database", { cause: client }))).toBe(
    "no database: Failed to connect: connect ECONNREFUSED 127.0.0.1:1"
  )
  expect(saidOf(new Error("refused (connect ECONNREFUSED 127.0.0.1:1)", { cause: network }))).toBe(
    "refused (connect ECONNREFUSED 127.0.0.1:1)"
  )
  const tried = new AggregateError([new Error("connect ECONNREFUSED ::1:1"), network])
  expect(saidOf(new Error("no database", { cause: tried }))).toBe("no database: connect ECONNREFUSED 127.0.0.1:1")
  expect(saidOf(new Error("odd", { cause: "a text" }))).toBe("odd: a text")
})

it("an error that is its own cause ends", () => {
  const circular = new Error("round")
  circular.cause = new Error("and round", { cause: circular })
  expect(saidOf(circular)).toBe("round: and round")
})

it("passwords in addresses are not told, in errors and in defects", () => {
  const error = new Error("cannot reach postgres://ann:s3cret@here/db or http://x:s3c@ret@there:1 or redis://:s3cret@h")
  for (const text of [saidOf(error), said(Cause.die(error)), saidOf(new Error("x", { cause: error }))]) {
    expect(text).toContain("postgres://ann:<redacted>@here/db or http://x:<redacted>@there:1 or redis://:<redacted>@h")
    expect(text).not.toContain("s3c")
  }
})
