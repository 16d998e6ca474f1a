// Starts one Postgres server for the whole test run and provides its URL as `postgresUrl`. A suite makes a database
// of its own in it (`EmbeddedPostgres.createDatabase`). TEST_DATABASE_URL names a server to use instead.
import { Redacted } from "effect"
import type { TestProject } from "vitest/node"
import * as EmbeddedPostgres from "../packages/journal-pg/src/testing/EmbeddedPostgres.js"

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["TEST_DATABASE_URL"]
  if (given !== undefined && given !== "") {
    project.provide("postgresUrl", given)
    return undefined
  }
  const server = await EmbeddedPostgres.start({ settings: EmbeddedPostgres.unsafeFast })
  project.provide("postgresUrl", Redacted.value(server.url))
  return server.stop
}
