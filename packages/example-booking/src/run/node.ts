/** One node of the demo: the application as it is, ending when the demo that started it is gone. */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
await import("../main.js")
