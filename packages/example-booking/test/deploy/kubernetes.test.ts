/** The Kubernetes manifest, checked without a cluster. */
import { OpenApi } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { BookingApi } from "../../src/http/BookingApi.js"
import { documents, ports, settings } from "./files.js"
import type { Known } from "./kubernetesTypes.js"

const Labels = Schema.Record({ key: Schema.String, value: Schema.String })
const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }),
  periodSeconds: Schema.Number,
  timeoutSeconds: Schema.optional(Schema.Number),
  failureThreshold: Schema.Number
})
const Variable = Schema.Struct({
  name: Schema.String,
  value: Schema.optional(Schema.String),
  valueFrom: Schema.optional(
    Schema.Union(
      Schema.Struct({
        secretKeyRef: Schema.Struct({
          name: Schema.String,
          key: Schema.String,
          optional: Schema.optional(Schema.Boolean)
        })
      }),
      Schema.Struct({ fieldRef: Schema.Struct({ fieldPath: Schema.Literal("status.podIP") }) })
    )
  )
})
const Container = Schema.Struct({
  name: Schema.String,
  image: Schema.String,
  imagePullPolicy: Schema.Literal("IfNotPresent"),
  ports: Schema.Array(Schema.Struct({ name: Schema.String, containerPort: Schema.Number })),
  env: Schema.Array(Variable),
  startupProbe: Probe,
  livenessProbe: Probe,
  readinessProbe: Probe,
  lifecycle: Schema.Struct({
    preStop: Schema.Struct({
      exec: Schema.Struct({ command: Schema.Tuple(Schema.Literal("sleep"), Schema.NumberFromString) })
    })
  }),
  resources: Schema.Struct({ requests: Labels, limits: Labels }),
  securityContext: Schema.Struct({
    allowPrivilegeEscalation: Schema.Literal(false),
    readOnlyRootFilesystem: Schema.Literal(true),
    capabilities: Schema.Struct({ drop: Schema.Tuple(Schema.Literal("ALL")) })
  })
})
const Metadata = Schema.Struct({ name: Schema.String, labels: Schema.optional(Labels) })
const Selector = Schema.Struct({ matchLabels: Labels })
const Service = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Service"),
  metadata: Metadata,
  spec: Schema.Struct({
    selector: Labels,
    ports: Schema.Array(Schema.Struct({ name: Schema.String, port: Schema.Number, targetPort: Schema.String }))
  })
})
const Budget = Schema.Struct({
  apiVersion: Schema.Literal("policy/v1"),
  kind: Schema.Literal("PodDisruptionBudget"),
  metadata: Metadata,
  spec: Schema.Struct({ minAvailable: Schema.Number, selector: Selector })
})
const Deployment = Schema.Struct({
  apiVersion: Schema.Literal("apps/v1"),
  kind: Schema.Literal("Deployment"),
  metadata: Metadata,
  spec: Schema.Struct({
    replicas: Schema.Number,
    selector: Selector,
    strategy: Schema.Struct({
      rollingUpdate: Schema.Struct({ maxUnavailable: Schema.Number, maxSurge: Schema.Number })
    }),
    template: Schema.Struct({
      metadata: Schema.Struct({ labels: Labels }),
      spec: Schema.Struct({
        terminationGracePeriodSeconds: Schema.Number,
        securityContext: Schema.Struct({
          runAsNonRoot: Schema.Literal(true),
          runAsUser: Schema.Number,
          seccompProfile: Schema.Struct({ type: Schema.Literal("RuntimeDefault") })
        }),
        topologySpreadConstraints: Schema.Array(
          Schema.Struct({
            maxSkew: Schema.Number,
            topologyKey: Schema.String,
            whenUnsatisfiable: Schema.String,
            labelSelector: Selector
          })
        ),
        containers: Schema.Tuple(Container)
      })
    })
  })
})
// what is misspelt, or set where it does not belong, would be passed over silently
const Manifest = Schema.Union(Service, Budget, Deployment).annotations({ parseOptions: { onExcessProperty: "error" } })
// a field that Kubernetes does not know, or of another type, does not compile here
const isKnown: Known<typeof Manifest.Encoded> = true

const all = documents("packages/example-booking/deploy/kubernetes.yaml", Manifest)
const ofKind = <K extends (typeof all)[number]["kind"]>(kind: K) => {
  const found = all.find((one): one is Extract<(typeof all)[number], { readonly kind: K }> => one.kind === kind)
  if (found === undefined) throw new Error(`the manifest has no ${kind}`)
  return found
}
const [service, budget, deployment] = [ofKind("Service"), ofKind("PodDisruptionBudget"), ofKind("Deployment")]
const pod = deployment.spec.template
const [container] = pod.spec.containers
const portNames = container.ports.map(({ name }) => name)

describe("the manifest", () => {
  it("has only fields that Kubernetes knows", () => {
    expect([isKnown, all.length]).toEqual([true, 3])
  })

  it("selects its own pods everywhere", () => {
    const { labels } = pod.metadata
    expect(deployment.spec.selector.matchLabels).toEqual(labels)
    expect(service.spec.selector).toEqual(labels)
    expect(budget.spec.selector.matchLabels).toEqual(labels)
    expect(pod.spec.topologySpreadConstraints.map((one) => one.labelSelector.matchLabels)).toEqual([labels])
    expect(budget.spec.minAvailable).toBeLessThan(deployment.spec.replicas)
  })

  it("opens the application's ports, and names them the same wherever they are used", () => {
    expect(container.ports).toEqual([
      { name: "http", containerPort: ports.http },
      { name: "cluster", containerPort: ports.cluster }
    ])
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe]
    const used = [...service.spec.ports.map((one) => one.targetPort), ...probes.map((probe) => probe.httpGet.port)]
    expect(used.filter((name) => !portNames.includes(name))).toEqual([])
  })

  it("asks whether it lives and whether it can serve where the application answers that", () => {
    const { paths } = OpenApi.fromApi(BookingApi)
    const asked = [container.livenessProbe, container.readinessProbe].map((probe) => probe.httpGet.path)
    expect(asked).toEqual(["/health", "/ready"])
    expect(asked.filter((path) => paths[path]?.get === undefined)).toEqual([])
  })

  it("gives it settings that it has, its pod's address as its name, and the database as a secret", () => {
    expect(container.env.map(({ name }) => name).filter((name) => !settings.has(name))).toEqual([])
    const of = (name: string) => container.env.find((variable) => variable.name === name)
    expect(of("HOST")?.valueFrom).toEqual({ fieldRef: { fieldPath: "status.podIP" } })
    expect(of("DATABASE_URL")).toEqual({
      name: "DATABASE_URL",
      valueFrom: { secretKeyRef: { name: "booking-database", key: "url" } }
    })
    expect(of("OPERATOR_TOKEN")?.valueFrom).toEqual({
      secretKeyRef: { name: "booking-operator", key: "token", optional: true }
    })
    expect([of("HTTP_PORT")?.value, of("CLUSTER_PORT")?.value]).toEqual([String(ports.http), String(ports.cluster)])
  })

  it("leaves it the time to leave in good order: what the hook waits, ten seconds, and some more", () => {
    const [_, wait] = container.lifecycle.preStop.exec.command
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(wait + 10)
  })
})
