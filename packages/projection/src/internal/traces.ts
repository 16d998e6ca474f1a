/**
 * The way of an event through the traces: a command's trace is stored with its events (`traceparent`, as W3C writes it), and
 * what is done with them belongs to it. A page of one trace is a child of the span that stored its events; one of several
 * begins a trace of its own, and is linked to each.
 */
import type { EntityEvent } from "@aecor/core"
import { Effect, Tracer } from "effect"

type Event = Pick<EntityEvent.EntityEvent<unknown>, "metadata" | "position">

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** The span that stored an event; nothing where none did, or what is stored is no trace. */
const spanOf = (traceparent: string): Tracer.ExternalSpan | undefined => {
  const [_, traceId, spanId, flags] = form.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}

/** So many spans are linked to a page at the most. */
const mostLinks = 128

/** The spans that have stored the events, each once. */
const spansOf = (events: ReadonlyArray<Event>): ReadonlyArray<Tracer.ExternalSpan> => {
  const found = new Map<string, Tracer.ExternalSpan>()
  for (const { metadata } of events) {
    const traceparent = metadata["traceparent"]
    if (traceparent === undefined || found.has(traceparent)) continue
    const span = spanOf(traceparent)
    if (span !== undefined) found.set(traceparent, span)
    if (found.size === mostLinks) break
  }
  return [...found.values()]
}

/** The span of what is done with a page. */
export const ofPage =
  (name: string, events: ReadonlyArray<Event>) =>
  <A, X, R>(effect: Effect.Effect<A, X, R>): Effect.Effect<A, X, R> => {
    const [first, ...others] = spansOf(events)
    const attributes = { events: events.length, from: events[0]?.position, to: events.at(-1)?.position }
    const place: Pick<Tracer.SpanOptions, "parent" | "links" | "root"> =
      first !== undefined && others.length === 0
        ? { parent: first }
        : {
            root: true,
            links:
              first === undefined ? [] : [first, ...others].map((span) => ({ _tag: "SpanLink", span, attributes: {} }))
          }
    return Effect.withSpan(effect, `${name}.page`, { ...place, attributes })
  }

/** The span of what is done with one event, where a command's trace was stored with it. */
export const ofEvent =
  (name: string, event: Event) =>
  <A, X, R>(effect: Effect.Effect<A, X, R>): Effect.Effect<A, X, R> => {
    const [parent] = spansOf([event])
    return parent === undefined
      ? effect
      : Effect.withSpan(effect, `${name}.event`, { parent, attributes: { position: event.position } })
  }
