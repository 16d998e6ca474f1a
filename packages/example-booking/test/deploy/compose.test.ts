/** The whole of docker-compose.yml, checked without an engine: whatever one part names has to be there in another. */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { documents, exists, ports, read, settings } from "./files.js"

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })
const Service = Schema.Struct({
  image: Schema.String,
  build: Schema.optional(Schema.Struct({ context: Schema.String, dockerfile: Schema.String })),
  command: Schema.optional(Schema.Array(Schema.String)),
  restart: Schema.Literal("unless-stopped"),
  stop_grace_period: Schema.optional(Schema.String),
  environment: Schema.optional(Texts),
  ports: Schema.optional(Schema.Array(Schema.String)),
  volumes: Schema.optional(Schema.Array(Schema.String)),
  depends_on: Schema.optional(
    Schema.Union(
      Schema.Array(Schema.String),
      Schema.Record({ key: Schema.String, value: Schema.Struct({ condition: Schema.Literal("service_healthy") }) })
    )
  ),
  // `start_interval` is not known to version 1
  healthcheck: Schema.optional(
    Schema.Struct({
      test: Schema.Array(Schema.String),
      interval: Schema.String,
      timeout: Schema.String,
      retries: Schema.Number
    })
  )
})
// a `name` at the top is not known to version 1, and neither version needs a `version`
const Compose = Schema.Struct(
  {
    services: Schema.Record({ key: Schema.String, value: Service }),
    volumes: Schema.Record({ key: Schema.String, value: Schema.Null })
  },
  { key: Schema.TemplateLiteral("x-", Schema.String), value: Schema.Unknown }
).annotations({ parseOptions: { onExcessProperty: "error" } })

const [{ services, volumes }] = documents("docker-compose.yml", Compose) as [typeof Compose.Type]
const all = Object.entries(services)
const nodes = all.filter(([_, { build }]) => build !== undefined)
const postgres = services["postgres"]

describe("docker-compose.yml", () => {
  it("has a Postgres with a volume and a health check, three nodes, and one published port", () => {
    expect(all.map(([name]) => name)).toEqual(["postgres", "node1", "node2", "node3", "entrance"])
    expect(nodes.map(([name]) => name)).toEqual(["node1", "node2", "node3"])
    expect(postgres?.healthcheck?.test.slice(0, 2)).toEqual(["CMD", "pg_isready"])
    expect(all.flatMap(([_, service]) => service.ports ?? [])).toEqual(["127.0.0.1:8080:8080"])
  })

  it("starts each after what it needs, and lets it leave in its own time", () => {
    const waits = all.flatMap(([_, { depends_on = [] }]) =>
      Array.isArray(depends_on)
        ? depends_on.map((other: string) => ({ other, untilHealthy: false }))
        : Object.keys(depends_on).map((other) => ({ other, untilHealthy: true }))
    )
    expect(waits.length).toBe(6)
    expect(waits.filter(({ other }) => services[other] === undefined)).toEqual([])
    const unknowable = waits.filter(({ other, untilHealthy }) => untilHealthy && !services[other]?.healthcheck)
    expect(unknowable).toEqual([])
    // a node takes up to ten seconds
    for (const [_, { stop_grace_period = "0" }] of nodes) {
      expect(Number.parseInt(stop_grace_period)).toBeGreaterThan(10)
    }
  })

  it("builds the image where its recipe is, and mounts what there is", () => {
    for (const [_, { build }] of nodes) {
      expect(build).toEqual({ context: ".", dockerfile: "packages/example-booking/Dockerfile" })
      expect(exists(build?.dockerfile ?? "")).toBe(true)
    }
    const mounted = all.flatMap(([_, service]) => service.volumes ?? []).map((volume) => volume.split(":")[0] ?? "")
    const named = mounted.filter((source) => !source.startsWith("."))
    expect(named).toEqual(Object.keys(volumes))
    expect(mounted.filter((source) => source.startsWith(".") && !exists(source))).toEqual([])
  })

  it("gives the nodes settings that the application has, each its own name, and the database that there is", () => {
    const { POSTGRES_DB: database, POSTGRES_PASSWORD: password, POSTGRES_USER: user } = postgres?.environment ?? {}
    for (const [name, { environment = {} }] of nodes) {
      expect(Object.keys(environment).filter((setting) => !settings.has(setting))).toEqual([])
      expect(environment["HOST"]).toBe(name)
      expect(environment["OPERATOR_TOKEN"]).toBe("${OPERATOR_TOKEN:-booking}")
      expect(environment["DATABASE_URL"]).toBe(`postgres://${user}:${password}@postgres:5432/${database}`)
    }
    expect(postgres?.healthcheck?.test).toEqual(expect.arrayContaining([user, database]))
  })

  it("asks for no file or variable of whoever starts it", () => {
    const variables = [...read("docker-compose.yml").matchAll(/\$\{([^}]*)\}/g)].map(([_, variable]) => variable)
    expect(new Set(variables)).toEqual(new Set(["OPERATOR_TOKEN:-booking", "POSTGRES_PASSWORD:-booking"]))
  })
})

describe("the entrance", () => {
  const config = read("packages/example-booking/deploy/haproxy.cfg")

  it("knows every node by its name and port, and asks each whether it is ready", () => {
    const servers = [...config.matchAll(/^ {2}server (\S+) (\S+)$/gm)].map(([_, name, address]) => [name, address])
    expect(servers).toEqual(nodes.map(([name]) => [name, `${name}:${ports.http}`]))
    expect(config).toMatch(/option httpchk GET \/ready\n/)
  })

  it("listens where compose publishes it, and waits longer than a live answer is silent", () => {
    expect(config).toMatch(/bind :8080\n/)
    expect([...config.matchAll(/timeout (?:client|server) (\S+)/g)].map(([_, time]) => time)).toEqual(["1m", "1m"])
  })
})
