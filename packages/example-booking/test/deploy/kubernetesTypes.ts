/** What Kubernetes knows, by its own types: a schema of a resource may name nothing else. Checked by the compiler alone. */
import type { Deployment } from "kubernetes-types/apps/v1.d.ts"
import type { Service } from "kubernetes-types/core/v1.d.ts"
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts"

/** Those that the manifest has, by kind. */
interface Resources {
  readonly Deployment: Deployment
  readonly Service: Service
  readonly PodDisruptionBudget: PodDisruptionBudget
}

/** The names of fields of `A`, at any depth, that `B` does not have. */
type UnknownIn<A, B> =
  A extends ReadonlyArray<infer X>
    ? B extends ReadonlyArray<infer Y>
      ? UnknownIn<X, Y>
      : "[]"
    : A extends object
      ? B extends object
        ? { [K in keyof A]-?: K extends keyof B ? UnknownIn<NonNullable<A[K]>, NonNullable<B[K]>> : K }[keyof A]
        : keyof A
      : never

/** `A` with its fields and lists writable, and what is absent no `undefined`, as Kubernetes' types are. */
type Writable<A> = A extends object ? { -readonly [K in keyof A]: Writable<Exclude<A[K], undefined>> } : A

/** What is wrong with a resource of a kind: the names of its unknown fields, or its kind where a field's type is. */
type Faults<Kind extends keyof Resources, A> = [UnknownIn<A, Resources[Kind]>] extends [never]
  ? Writable<A> extends Resources[Kind]
    ? never
    : Kind
  : UnknownIn<A, Resources[Kind]>

type AllFaults<A extends { readonly kind: keyof Resources }> = {
  [Kind in A["kind"]]: Faults<Kind, Extract<A, { readonly kind: Kind }>>
}[A["kind"]]

/** `true` for resources that Kubernetes takes for what they say they are: no field that it does not know, each of its type. */
export type Known<A extends { readonly kind: keyof Resources }> = [AllFaults<A>] extends [never] ? true : AllFaults<A>
