/**
 * One node of a fleet: the application as it is, ending when the program that started it is gone, and telling it how long
 * its processor has worked.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send?.((system + user) / 1000)
})
await import("../main.js")
