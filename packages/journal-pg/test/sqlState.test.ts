import { SqlError } from "@effect/sql"
import { expect, it } from "@effect/vitest"
import { reasonOf } from "../src/internal/sqlState.js"

const refused = (code: string, message: string) =>
  new SqlError.SqlError({ message: "failed", cause: Object.assign(new Error(message), { code, severity: "ERROR" }) })

it("says what the server said, and what to set where a pooler does not know a statement's name", () => {
  for (const code of ["26000", "42P05"]) {
    const said = reasonOf(refused(code, 'prepared statement "x" …'))
    expect(said).toContain('prepared statement "x" …')
    expect(said).toContain("namedStatements")
  }
  expect(reasonOf(refused("42501", "permission denied"))).toBe("permission denied")
  expect(reasonOf(new SqlError.SqlError({ message: "no connection", cause: undefined }))).toBe("no connection")
})
