/**
 * A journal in memory whose past can be changed: a key is put back to where it was, as a restored backup or a failover
 * that has lost something would. What is kept of it keeps its ids and its metadata; positions are given anew.
 */
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import type { EntityEvent } from "../../EntityEvent.js"
import type { Journal } from "../../Journal.js"

export interface Rewindable<E> extends Journal<E> {
  /** Takes back the events of a key after a sequence. */
  readonly rewind: (key: string, sequence: number) => Effect.Effect<void>
}

export const make = <Self, E>(
  journal: Context.Tag<Self, Journal<E>> & { readonly layerMemory: Layer.Layer<Self> }
): Effect.Effect<Rewindable<E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const fresh = Effect.map(Layer.buildWithScope(Layer.fresh(journal.layerMemory), scope), Context.get(journal))
    let current = yield* fresh
    const keys = new Set<string>()
    // an event that was copied is known outside by the id that it had first
    const outside = new Map<string, string>()
    const inside = new Map<string, string>()

    const append: Journal<E>["append"] = (key, expected, events, options = {}) =>
      Effect.suspend(() => {
        keys.add(key)
        const lastId = options.lastId === undefined ? undefined : (inside.get(options.lastId) ?? options.lastId)
        return current.append(key, expected, events, { ...options, lastId })
      })

    const seen = (events: (journal: Journal<E>) => ReturnType<Journal<E>["read"]>) =>
      Stream.map(
        Stream.suspend(() => events(current)),
        (event): EntityEvent<E> => ({ ...event, id: outside.get(event.id) ?? event.id })
      )
    const read: Journal<E>["read"] = (key, from) => seen((_) => _.read(key, from))

    const copy = (to: Journal<E>, { event, id, key, metadata, sequence }: EntityEvent<E>) =>
      Effect.map(to.append(key, sequence - 1, [event], { metadata }), ({ lastId }) => {
        if (lastId === undefined) return
        outside.set(lastId, id)
        inside.set(id, lastId)
      })

    const rewind = (key: string, sequence: number) =>
      Effect.gen(function* () {
        const restored = yield* fresh
        for (const one of keys) {
          const kept = Stream.filter(read(one, 1), (event) => one !== key || event.sequence <= sequence)
          yield* Stream.runForEach(kept, (event) => copy(restored, event))
        }
        current = restored
      }).pipe(Effect.orDie)

    return {
      append,
      read,
      rewind,
      eventsByTag: (tag, after) => seen((_) => _.eventsByTag(tag, after)),
      currentEventsByTag: (tag, after) => seen((_) => _.currentEventsByTag(tag, after)),
      head: (tag) => Effect.suspend(() => current.head(tag)),
      behind: (tag, after) => Effect.suspend(() => current.behind(tag, after)),
      positionAt: (time) => Effect.suspend(() => current.positionAt(time)),
      partitioning: Effect.suspend(() => current.partitioning),
      repartition: (from) => Effect.suspend(() => current.repartition(from))
    }
  })
