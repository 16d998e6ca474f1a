/** What the caller of a command says beside it, as it is stored with the command's events. */
import type { Tracer } from "effect"
import type { Metadata } from "../EntityEvent.js"

/** Keys that begin so are the library's. */
const reserved = "aecor."

/** The key of a trace context, as W3C names it. */
const traceKey = "traceparent"

const isHex = (text: string, digits: number): boolean => text.length === digits && /^[0-9a-f]+$/.test(text)

/** A span as W3C's `traceparent`; nothing where it is not sampled, or where its tracer has ids of another form. */
const traceparent = ({ sampled, spanId, traceId }: Tracer.AnySpan): string | undefined =>
  sampled && isHex(traceId, 32) && isHex(spanId, 16) ? `00-${traceId}-${spanId}-01` : undefined

/** The caller's metadata with the trace that it sends in, unless it names one itself. Throws where a key is reserved. */
export const ofCaller = (given: Metadata | undefined, span: Tracer.AnySpan | undefined): Metadata => {
  const taken = given === undefined ? undefined : Object.keys(given).find((key) => key.startsWith(reserved))
  if (taken !== undefined) {
    throw new TypeError(
      `the metadata of a command has the key ${JSON.stringify(taken)}: "${reserved}…" is the library's`
    )
  }
  const trace = span === undefined ? undefined : traceparent(span)
  return trace === undefined ? (given ?? {}) : { [traceKey]: trace, ...given }
}
