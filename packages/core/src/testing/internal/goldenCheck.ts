/** The checks of `GoldenEvents`: what is said of each type and version of a journal, and of the folder. */
import { Effect } from "effect"
import type { EventFormat, Shape } from "../../EventFormat.js"
import { madeUp } from "./goldenExample.js"
import {
  create,
  GoldenError,
  hasExample,
  leftOver,
  nameOf,
  pathOf,
  type Place,
  read,
  textOf,
  wrong
} from "./goldenFiles.js"

export const make = <E>(format: EventFormat<E>, directory: string, writes: boolean) => {
  /** How the event of an example is written today. */
  const rewrite = Effect.fnUntraced(
    function* (place: Place, example: unknown) {
      const event = yield* format.decode(place.type, place.version, example)
      const { encoded, type, version } = yield* format.encode(event)
      const json: unknown = yield* Effect.try(() => JSON.parse(JSON.stringify(encoded)))
      return { type, version, json }
    },
    (effect, place) =>
      Effect.mapError(effect, ({ message }) => wrong(place, `an example is no longer read: ${message}`))
  )

  /** An example made up from the schema: of a current shape, as it is written. */
  const made = (shape: Shape<E>) =>
    madeUp(shape.schema, (example) =>
      Effect.map(rewrite(shape, example), ({ json }) => (shape.current ? json : example))
    ).pipe(Effect.mapError(({ message }) => wrong(shape, `no example can be made up, write it by hand: ${message}`)))

  const examplesOf = (shape: Shape<E>) =>
    Effect.flatMap(read(directory, shape), (found) =>
      found === undefined ? Effect.map(made(shape), (one) => [one]) : Effect.succeed(found)
    )

  /** What a missing file should hold: what older examples are written as today; without any, one that is made up. */
  const propose = Effect.fnUntraced(function* (shape: Shape<E>) {
    const proposed: Array<unknown> = []
    for (const older of format.shapes) {
      if (!shape.current || older.current) continue
      for (const example of yield* examplesOf(older)) {
        const { json, type, version } = yield* rewrite(older, example)
        if (type === shape.type && version === shape.version && !hasExample(proposed, json)) proposed.push(json)
      }
    }
    return proposed.length > 0 ? proposed : [yield* made(shape)]
  })

  const missing = Effect.fnUntraced(function* (shape: Shape<E>) {
    const examples = yield* propose(shape)
    if (writes) return yield* create(directory, shape, examples)
    const how = `Run the tests once with AECOR_GOLDEN=write, or create ${pathOf(directory, shape)} yourself, such as`
    return yield* wrong(shape, `there is no such file. ${how}\n\n${textOf(examples)}`)
  })

  return {
    check: Effect.fnUntraced(function* (shape: Shape<E>) {
      const examples = (yield* read(directory, shape)) ?? []
      if (examples.length === 0) yield* missing(shape)
      for (const example of examples) {
        const today = yield* rewrite(shape, example)
        // a file that is missing is its own test's matter
        const expected = (yield* read(directory, today)) ?? [today.json]
        if (!hasExample(expected, today.json)) {
          const advice = `no example of ${nameOf(today)} shows it. If new events are to be like this, add it there`
          return yield* wrong(shape, `an example is written today as below, and ${advice}.\n\n${textOf([today.json])}`)
        }
      }
    }),
    leftOver: Effect.suspend(() => {
      const files = leftOver(directory, format.shapes).join(", ")
      if (files === "") return Effect.void
      return new GoldenError({
        message: `${files}: the journal does not read this, and what was stored must stay readable`
      })
    })
  }
}
