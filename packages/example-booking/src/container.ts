/**
 * A node as the first process of a container, which hears no signal that it does not listen for: until the node does,
 * it has nothing to leave behind and ends at once.
 */
const end = () => process.exit(0)
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end)
await import("./main.js")
for (const signal of ["SIGTERM", "SIGINT"] as const) process.off(signal, end)
