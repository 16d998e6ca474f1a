/**
 * Where the events of one kind of entity are kept: the port between entities, which append, and projections, which
 * read by tag.
 *
 * Guarantees of every implementation (the conformance suite in `@aecor/core/testing` holds them): within a key,
 * sequences start at 1 and have no holes; an append is stored whole or not at all; a reader of a tag never sees an
 * event before one of a smaller position has become visible, so it never misses one; an acknowledged append is durable
 * as far as the storage is.
 *
 * A journal is a class of its own: its schema and its tagging stand there once, and no entity can read another's.
 *
 * @since 0.1.0
 */
import { Context, type DateTime, type Effect, Layer, type Option, type Schema, type Stream } from "effect"
import type { EntityEvent, Metadata } from "./EntityEvent.js"
import * as EventFormat from "./EventFormat.js"
import * as memory from "./internal/journalMemory.js"
import type { InDoubt, JournalError, VersionConflict } from "./JournalError.js"
import type { Offset } from "./Offset.js"
import type { EventTag, Tagging } from "./Tagging.js"
import type { Upcasts } from "./Upcast.js"

/**
 * What an append reached: the key's head after it, and the position and the id of its last event (0 and `undefined` when
 * it held none).
 *
 * @since 0.1.0
 * @category models
 */
export interface Appended {
  readonly sequence: number
  readonly position: Offset
  readonly lastId: string | undefined
}

/**
 * What may be said beside the events of an append.
 *
 * - `metadata`: all events of the append carry it.
 * - `lastId`: the id of the event at `expected`, as the writer knows it. Where the journal holds another one there, or
 *   ends before it, its past was changed, and the append fails with `JournalError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AppendOptions {
  readonly metadata?: Metadata
  readonly lastId?: string | undefined
}

/**
 * What of a tag lies after an offset: how many events, and when the first of them was stored, in milliseconds since the
 * epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Behind {
  readonly events: number
  readonly since: Option.Option<number>
}

/**
 * The partitions of a journal's tagging: how many there are, since which position (0: since ever), and where those of
 * the generation before ended, one position a partition: that of its last event, 0 where there is none. Who has handled
 * the partitions of before up to these positions has handled all up to `since`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Partitioning {
  readonly partitions: number
  readonly since: Offset
  readonly before: ReadonlyArray<Offset>
}

/**
 * The operations of a journal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal<E> {
  /**
   * Stores events as the sequences `expected + 1` and on, or nothing. With no events it only checks that the key's head
   * still is `expected`.
   */
  readonly append: (
    key: string,
    expected: number,
    events: ReadonlyArray<E>,
    options?: AppendOptions
  ) => Effect.Effect<Appended, VersionConflict | JournalError | InDoubt>
  /** The events of a key from a sequence on (1 for all), in order; ends at the key's head. */
  readonly read: (key: string, from: number) => Stream.Stream<EntityEvent<E>, JournalError>
  /** The events of a tag after an offset, in order of position; then waits for new ones and never ends. */
  readonly eventsByTag: (tag: EventTag, after: Offset) => Stream.Stream<EntityEvent<E>, JournalError>
  /** The events of a tag after an offset up to the position that was the tag's head at the start; then ends. */
  readonly currentEventsByTag: (tag: EventTag, after: Offset) => Stream.Stream<EntityEvent<E>, JournalError>
  /**
   * The position of the tag's last event, 0 when it has none. A partition that came about later begins where it did: its
   * head is not before that.
   */
  readonly head: (tag: EventTag) => Effect.Effect<Offset, JournalError>
  /** How many events of a tag there are after an offset, and since when. It counts them: so far behind, so long it takes. */
  readonly behind: (tag: EventTag, after: Offset) => Effect.Effect<Behind, JournalError>
  /** The position of the journal's last event up to a time, 0 when there is none: what comes after it is younger. */
  readonly positionAt: (time: DateTime.Utc) => Effect.Effect<Offset, JournalError>
  /** The journal's partitions of today; `partitions` is 0 while it does not know them: nothing has been written yet. */
  readonly partitioning: Effect.Effect<Partitioning, JournalError>
  /**
   * Gives the journal the partitions of its class, from its end on, where it has others; tells which it has. `from` is
   * how many it had, for a journal that does not know it (`OtherPartitions` says so).
   *
   * From then on every append is placed in the new partitions, whatever partitions its writer knows. A reader of an old
   * one gets what was there, and then waits for ever; a reader of a new one gets all events of its keys, from the first.
   * `Repartition` of @aecor/projection does this together with what moves a projection from the one to the other.
   */
  readonly repartition: (from?: number) => Effect.Effect<Partitioning, JournalError>
}

/**
 * What a journal class tells an adapter: its name, the schema of its events, how they are stored and tagged.
 *
 * @since 0.1.0
 * @category models
 */
export interface Definition<E, I = unknown> {
  readonly label: string
  readonly event: Schema.Schema<E, I>
  readonly format: EventFormat.EventFormat<E>
  readonly tagging: Tagging<E>
}

/**
 * A journal class: the tag of its service, with its definition and its memory layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface JournalClass<Self, Name extends string, E, I>
  extends Context.TagClass<Self, `@aecor/Journal/${Name}`, Journal<E>>, Definition<E, I> {
  /** A journal in the memory of this process, for tests and trials. Encodes and decodes as a real one would. */
  readonly layerMemory: Layer.Layer<Self>
}

/**
 * Any journal class with events `E`, whatever they are encoded to: what entities and projections ask for.
 *
 * @since 0.1.0
 * @category models
 */
export type Any<Self, E> = Context.Tag<Self, Journal<E>> &
  Omit<Definition<E>, "event" | "format"> & {
    readonly event: { readonly Type: E }
    readonly format: { readonly shapes: ReadonlyArray<Pick<EventFormat.Shape<never>, "type" | "current">> }
  }

/**
 * The class of a journal. Events must be a tagged union: the tag is stored as the event's type, with the version of its
 * shape. `upcasts` read what older code has stored, by stored type: the nth, from 0, reads version n + 1, and new events
 * are written in the version after the last.
 *
 * Throws a `TypeError` for events without a literal `_tag` or an upcast that is no schema, and a `RangeError` for an
 * empty list of upcasts.
 *
 * @example
 * ```ts
 * class CounterJournal extends Journal.Tag<CounterJournal>()("CounterJournal", {
 *   event: CounterEvent,
 *   tagging: Tagging.partitioned("Counter", 4)
 * }) {}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag =
  <Self>() =>
  <const Name extends string, E extends { readonly _tag: string }, I>(
    name: Name,
    options: {
      readonly event: Schema.Schema<E, I>
      readonly tagging: Tagging<E>
      readonly upcasts?: Upcasts<NoInfer<E>>
    }
  ): JournalClass<Self, Name, E, I> => {
    const { event, tagging, upcasts } = options
    const tag = Context.Tag(`@aecor/Journal/${name}`)<Self, Journal<E>>()
    const format = EventFormat.make({ label: name, event, upcasts })
    return Object.assign(tag, {
      label: name,
      event,
      format,
      tagging,
      layerMemory: Layer.effect(tag, memory.make(format, tagging))
    }) as JournalClass<Self, Name, E, I>
  }
