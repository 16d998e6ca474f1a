// Starts a server in the folder given and prints where; it never stops it. Without "exit" it stays until it is killed.
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"

const [directory = "", then] = process.argv.slice(2)
const server = await EmbeddedPostgres.start({ directory, settings: EmbeddedPostgres.unsafeFast })
process.stdout.write(JSON.stringify({ directory: server.directory, pid: server.pid }))
if (then === "exit") process.exit(0)
setInterval(() => undefined, 1_000)
