import { RunnerName } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"

describe("RunnerName", () => {
  it("is the address, and so is the shard group where it fits", () => {
    const runner = RunnerName.of({ host: "10.0.0.7", port: 34431 })
    expect(runner).toBe("10.0.0.7:34431")
    expect(RunnerName.shardGroup(runner)).toBe(runner)
  })

  it.prop(
    "gives every runner a shard group of its own that the cluster's storage takes",
    [FastCheck.uniqueArray(FastCheck.oneof(FastCheck.string({ unit: "grapheme" }), longHost), { maxLength: 50 })],
    ([hosts]) => {
      const groups = hosts.map((host) => RunnerName.shardGroup(RunnerName.of({ host, port: 34431 })))
      expect(new Set(groups).size).toBe(hosts.length)
      for (const group of groups) expect(group).toMatch(/^[\w.:~-]{1,46}$/)
    }
  )
})

const longHost = FastCheck.string({ minLength: 30, maxLength: 80 }).map((name) => `pod.${name}.svc.cluster.local`)
