/** What of a view is not as its events make it. */
import { ConsumerId, type JournalError, type Offset, type Tagging } from "@aecor/core"
import { Array as Arr, Effect, Either, Option, Stream } from "effect"
import type { ViewProjection } from "../Projection.js"
import type { Finding, Findings } from "../ReplayModels.js"
import type { Loaded, ViewStoreError } from "../ViewStore.js"
import { difference, type Encoded, encoder } from "./replayCompare.js"
import { type Anew, foldKey, type Outcome } from "./replayFold.js"

const samplesTold = 20

/** A row as it is stored, none where it was deleted. */
type Row<V> = Pick<Anew<V>, "version" | "view">

const rowIn = <V>({ rows, tombstones }: Loaded<V>, key: string): Row<V> | undefined => {
  const row = rows.get(key)
  if (row !== undefined) return { version: row.version, view: Option.some(row.view) }
  const version = tombstones.get(key)
  return version === undefined ? undefined : { version, view: Option.none() }
}

/** Looks at one lot of keys after the other, and counts what it finds. */
export const make = <JS, E extends { readonly _tag: string }, VS, V>(
  projection: ViewProjection<JS, E, VS, V>,
  rowsAtOnce: number
) =>
  Effect.gen(function* () {
    const journal = yield* projection.journal
    const store = yield* projection.view
    const source = { projection: projection.name, project: projection.project, journal }
    const encode = encoder(projection.view)
    const found = { keys: 0, same: 0, unreached: 0 }
    const counts = { Different: 0, Missing: 0, Behind: 0, Ahead: 0, Failed: 0 }
    const samples: Array<Finding> = []
    const note = (finding: Finding) => {
      counts[finding.kind] += 1
      if (samples.length < samplesTold) samples.push(finding)
    }

    const encoded = (key: string, view: Option.Option<V>): Effect.Effect<Encoded, ViewStoreError> =>
      Option.match(view, { onNone: () => Effect.succeed(new Map()), onSome: (row) => encode(key, row) })
    const compare = Effect.fnUntraced(function* (key: string, { version, view }: Row<V>, folded: Option.Option<V>) {
      const [stored, wanted] = [yield* encoded(key, view), yield* encoded(key, folded)]
      const differs = difference(stored, wanted, new Set([...stored.keys(), ...wanted.keys()]))
      if (differs === undefined) return true
      note({ kind: "Different", key, version, ...differs })
      return false
    })

    /** The position of an event that a row needs next, as far as there is one. */
    const positionOf = (key: string, sequence: number) =>
      Effect.map(
        Stream.runHead(journal.read(key, sequence)),
        Option.map(({ position }) => position)
      )

    /** A row of another version than the one that was folded. */
    const judgeLagging = Effect.fnUntraced(function* (key: string, row: Row<V>, offset: Offset.Offset) {
      const outcome = yield* foldKey(source, key, ({ sequence }) => sequence <= row.version)
      const folded = Option.getOrElse(outcome, () => Either.right<Partial<Anew<V>>>({ version: 0 }))
      if (Either.isLeft(folded)) {
        note({ kind: "Failed", key, version: row.version, reason: folded.left.message })
        return
      }
      if (Option.isNone(outcome) || folded.right.version !== row.version || folded.right.view === undefined) {
        note({ kind: "Ahead", key, version: row.version })
        return
      }
      if (!(yield* compare(key, row, folded.right.view))) return
      const next = yield* positionOf(key, row.version + 1)
      if (Option.exists(next, (position) => position <= offset)) note({ kind: "Behind", key, version: row.version })
      else found.same += 1
    })

    const judge = Effect.fnUntraced(function* (
      key: string,
      outcome: Outcome<V>,
      row: Row<V> | undefined,
      offset: Offset.Offset
    ) {
      found.keys += 1
      if (Either.isLeft(outcome)) {
        note({ kind: "Failed", key, version: row?.version ?? 0, reason: outcome.left.message })
        return
      }
      const folded = outcome.right
      if (row === undefined) {
        if (folded.firstAt <= offset) note({ kind: "Missing", key, version: 0 })
        else found.unreached += 1
        return
      }
      if (row.version !== folded.version) return yield* judgeLagging(key, row, offset)
      if (yield* compare(key, row, folded.view)) found.same += 1
    })

    const look = Effect.fnUntraced(function* (
      outcomes: ReadonlyMap<string, Outcome<V>>,
      tag: Tagging.EventTag
    ): Effect.fn.Return<void, JournalError.JournalError | ViewStoreError> {
      const consumer = ConsumerId.make(projection.name, tag)
      for (const page of Arr.chunksOf([...outcomes], rowsAtOnce)) {
        const loaded = yield* store.load(
          consumer,
          page.map(([key]) => key)
        )
        for (const [key, outcome] of page) yield* judge(key, outcome, rowIn(loaded, key), loaded.offset)
      }
    })
    return { look, found: (): Omit<Findings, "events"> => ({ ...found, counts, samples }) }
  })
