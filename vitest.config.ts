// One vitest run for all packages. The condition "@aecor/source" makes the packages resolve to their sources,
// so that tests need no build.
import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

const source = "@aecor/source"

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    include: ["{packages/*,bench,chaos}/test/**/*.test.ts"],
    globalSetup: ["scripts/vitest.postgres.ts"],
    setupFiles: ["scripts/vitest.turn.ts"],
    reporters: ["default", ["json", { outputFile: ".tmp/tests.json" }]],
    pool: "forks",
    minWorkers: 1,
    // one more than two processors have: many tests wait for a server and not for a processor
    maxWorkers: 3,
    // a bound for what hangs, not for what is slow: machines are shared
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
