/** Rows compared field by field, as they are stored: encoded by their schema. */
import { Effect, Schema } from "effect"
import { type Definition, ViewStoreError, type Any } from "../ViewStore.js"
import { sameEncoded } from "./viewStoreMemory.js"

/** The first field in which two rows differ, with what each holds there. */
export interface FieldDifference {
  readonly field: string
  readonly stored: unknown
  readonly folded: unknown
}

/** A row's fields, encoded. */
export type Encoded = ReadonlyMap<string, unknown>

/** What rows are encoded to is not said by the type that projections ask for; each class of a view has it. */
const schemaOf = <V>({ row }: Pick<Any<never, V>, "row">): Schema.Schema<V, unknown> => row as Definition<V>["row"]

/** How the rows of a view are encoded. */
export const encoder = <VS, V>(view: Any<VS, V>): ((key: string, row: V) => Effect.Effect<Encoded, ViewStoreError>) => {
  const encode = Schema.encode(schemaOf(view))
  return (key, row) =>
    Effect.mapBoth(encode(row), {
      onFailure: (cause) =>
        new ViewStoreError({
          view: view.label,
          description: `the row of key ${JSON.stringify(key)} does not encode: ${cause.message}`,
          cause
        }),
      onSuccess: (encoded) => new Map(typeof encoded === "object" && encoded !== null ? Object.entries(encoded) : [])
    })
}

/** The first difference between two rows, of the fields of the first or of some of them. */
export const difference = (
  stored: Encoded,
  folded: Encoded,
  fields: ReadonlySet<string>
): FieldDifference | undefined => {
  const field = [...fields].find((one) => !sameEncoded(stored.get(one), folded.get(one)))
  return field === undefined ? undefined : { field, stored: stored.get(field), folded: folded.get(field) }
}
