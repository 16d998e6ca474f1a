// What is tested in a real browser: `pnpm test:browser`. It needs Chromium, which the machine may not have, so it is no
// part of `pnpm test`.
import { defineConfig } from "vitest/config"
import base from "./vitest.config.js"

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["packages/*/test/browser/**/*.browser.ts"],
    globalSetup: ["scripts/vitest.chromium.ts", "scripts/vitest.postgres.ts"],
    reporters: ["default", ["json", { outputFile: ".tmp/browser.json" }]],
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000
  }
})
