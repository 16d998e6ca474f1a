/** The image's recipe, checked without an engine. */
import { describe, expect, it } from "@effect/vitest"
import { exists, ports, read, stages } from "./files.js"

const file = "packages/example-booking/Dockerfile"
const all = stages(file)
const [build, last] = [all[0], all.at(-1)]
const of = (stage: typeof last, name: string) => stage?.instructions.filter((one) => one.name === name) ?? []

describe("the Dockerfile", () => {
  it("has two stages on the same base, and takes from the first only what it is named for", () => {
    expect(all.map(({ name }) => name)).toEqual(["build", undefined])
    expect(build?.base).toBe(last?.base)
    const copies = of(last, "COPY")
    expect(copies.map(({ flags }) => flags["from"])).toEqual(copies.map(() => "build"))
    expect(copies.every(({ rest }) => rest.startsWith("/build/"))).toBe(true)
    expect(of(last, "RUN")).toEqual([])
  })

  it("copies what there is, and nothing that was built elsewhere", () => {
    const sources = of(build, "COPY").flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))
    expect(sources).toEqual(["pnpm-lock.yaml", "pnpm-workspace.yaml", "."])
    expect(sources.filter((source) => !exists(source))).toEqual([])
    const ignored = read(".dockerignore").split("\n")
    expect(ignored).toEqual(expect.arrayContaining([".git", "**/node_modules", "**/dist"]))
  })

  it("builds with the package manager of the workspace, at the versions of its lockfile", () => {
    const { packageManager } = JSON.parse(read("package.json"))
    const runs = of(build, "RUN").map(({ rest }) => rest)
    expect(runs[0]).toBe(`npm install --global ${packageManager}`)
    for (const install of runs
      .join(" && ")
      .split("&&")
      .filter((run) => run.includes("pnpm install"))) {
      expect(install).toContain("--frozen-lockfile --offline")
    }
  })

  it("runs the application itself, by its own user, and lets it hear signals", () => {
    expect(of(last, "USER").map(({ rest }) => rest)).toEqual(["node"])
    const command: ReadonlyArray<string> = JSON.parse(of(last, "CMD")[0]?.rest ?? "")
    expect([command[0], command.at(-1)]).toEqual(["node", "dist/container.js"])
    expect(exists("packages/example-booking/src/container.ts")).toBe(true)
    expect(of(last, "WORKDIR").map(({ rest }) => rest)).toEqual(["/app/packages/example-booking"])
    expect(of(last, "ENTRYPOINT")).toEqual([])
  })

  it("opens the application's ports, and asks it whether it is ready", () => {
    expect(of(last, "EXPOSE").map(({ rest }) => rest)).toEqual([`${ports.http} ${ports.cluster}`])
    const [check] = of(last, "HEALTHCHECK")
    const command: ReadonlyArray<string> = JSON.parse(check?.rest.replace(/^CMD\s+/, "") ?? "")
    expect(command.slice(0, 2)).toEqual(["node", "-e"])
    expect(command[2]).toContain(`HTTP_PORT ?? ${ports.http}}/ready`)
    expect(check?.flags["start-period"]).toBe("60s")
  })

  it("needs nothing that only BuildKit knows", () => {
    const text = read(file)
    expect(text).not.toMatch(/^#\s*syntax=|--mount=|--link|--chmod=|<<\w+|--checksum|--parents|--start-interval/m)
  })
})
