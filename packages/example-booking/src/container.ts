/**
 * A node as the first process of a container, which hears no signal that it does not listen for: until the node does,
 * it has nothing to leave behind and ends at once.
 *
 * To load the code takes a second of a processor, which may be many where there is little of one, and nothing is heard
 * meanwhile. So the large libraries are loaded first, one after the other, with a turn for a signal after each.
 */
import { setImmediate } from "node:timers/promises"

const end = () => process.exit(0)
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end)

const libraries = [
  () => import("effect"),
  () => import("@effect/platform"),
  () => import("@effect/sql"),
  () => import("@effect/cluster"),
  () => import("@effect/platform-node")
]
for (const load of libraries) {
  await load()
  await setImmediate()
}
await import("./main.js")
for (const signal of ["SIGTERM", "SIGINT"] as const) process.off(signal, end)
