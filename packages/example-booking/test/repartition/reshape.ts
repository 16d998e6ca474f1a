import { Deployment, DistributedProcessing, Process } from "@aecor/core"
import { Effect } from "effect"

// What the nodes of the new code deploy …
const heartbeats = Array.from({ length: 5 }, () => Process.fromEffect(Effect.never))
export const Heartbeats = DistributedProcessing.deploy("Heartbeats", heartbeats, {
  fingerprint: "2025-11",
  onMismatch: "wait"
})

// … and the step by which the cluster goes over to it.
export const goOver = Deployment.reshape("Heartbeats", { processes: 5, fingerprint: "2025-11" })
