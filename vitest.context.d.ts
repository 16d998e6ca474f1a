// What the test run's global set-up provides; read it in a test with `inject("postgresUrl")`.
import "vitest"

declare module "vitest" {
  export interface ProvidedContext {
    /** The administrator's URL of the Postgres server started for this run. */
    readonly postgresUrl: string
    /** The path of the browser: in `pnpm test:browser` only. */
    readonly chromium: string
  }
}
