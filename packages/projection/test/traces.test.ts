// An event is followed from the command that stored it to the view, and to what a handler does.
import type { Journal } from "@aecor/core"
import { Projection } from "@aecor/projection"
import { expect, it } from "@effect/vitest"
import { Effect, Option, TestClock, Tracer } from "effect"
import { Counted, CounterJournal, CounterView, Memory, start } from "./fixtures/counter.js"

const traceOf = (n: number) => ({ traceId: `${n}`.repeat(32), spanId: `${n}`.repeat(16) })
const traceparent = (n: number) => {
  const { spanId, traceId } = traceOf(n)
  return `00-${traceId}-${spanId}-01`
}

/** Appends an event for each command, which have traces or not. */
const commands = (key: string, traces: ReadonlyArray<string | undefined>) =>
  Effect.flatMap(CounterJournal, (journal) =>
    Effect.forEach(traces, (trace, i) => {
      const options: Journal.AppendOptions = trace === undefined ? {} : { metadata: { traceparent: trace } }
      return journal.append(key, i, [Counted.make({ by: 1 })], options)
    })
  )

const sums = (name: string) =>
  Projection.exactlyOnce(name, {
    journal: CounterJournal,
    view: CounterView,
    project: (view) => ({ sum: Option.match(view, { onNone: () => 1, onSome: ({ sum }) => sum + 1 }) })
  })

it.scoped("a page of one command belongs to the command's trace, with the view's commit", () =>
  Effect.gen(function* () {
    const { spans, tracer } = recording()
    yield* commands("a", [traceparent(1), traceparent(1), undefined])
    yield* Effect.withTracer(start(sums("One")), tracer)
    yield* TestClock.adjust("1 millis")
    const [page] = spans.filter(({ name }) => name === "One.page")
    expect(page?.traceId).toBe(traceOf(1).traceId)
    expect(Option.map(page?.parent ?? Option.none(), ({ spanId }) => spanId)).toEqual(Option.some(traceOf(1).spanId))
    const [commit] = spans.filter(({ name }) => name === "counters.commit")
    expect(commit?.traceId).toBe(traceOf(1).traceId)
  }).pipe(Effect.provide(Memory))
)

it.scoped("a page of several commands is linked to each, once, and to nothing that is no trace", () =>
  Effect.gen(function* () {
    const { spans, tracer } = recording()
    yield* commands("a", [traceparent(1), traceparent(2), "nonsense", traceparent(1), undefined])
    yield* Effect.withTracer(start(sums("Several")), tracer)
    yield* TestClock.adjust("1 millis")
    const [page] = spans.filter(({ name }) => name === "Several.page")
    expect(page?.parent).toEqual(Option.none())
    expect(page?.links.map(({ span }) => span.traceId)).toEqual([traceOf(1).traceId, traceOf(2).traceId])
  }).pipe(Effect.provide(Memory))
)

it.scoped("what a handler does belongs to the trace of its event's command", () =>
  Effect.gen(function* () {
    const { spans, tracer } = recording()
    yield* commands("a", [traceparent(1), traceparent(2), undefined])
    const handle = () => Effect.withSpan(Effect.void, "mail")
    yield* Effect.withTracer(start(Projection.atLeastOnce("Mails", { journal: CounterJournal, handle })), tracer)
    yield* TestClock.adjust("1 millis")
    const mails = spans.filter(({ name }) => name === "mail").map(({ traceId }) => traceId)
    expect(mails.slice(0, 2)).toEqual([traceOf(1).traceId, traceOf(2).traceId])
    expect(mails[2]).toBe(spans.find(({ name }) => name === "Mails.page")?.traceId)
  }).pipe(Effect.provide(Memory))
)

/** A tracer that keeps its spans. */
const recording = () => {
  const spans: Array<Tracer.Span> = []
  let ids = 0
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        parent,
        context,
        links: [...links],
        kind,
        attributes,
        status: { _tag: "Started", startTime },
        sampled: true,
        spanId: `own-${++ids}`,
        traceId: Option.match(parent, { onNone: () => `own-${ids}`, onSome: ({ traceId }) => traceId }),
        attribute: (key, value) => void attributes.set(key, value),
        event: () => undefined,
        end: () => undefined,
        addLinks: () => undefined
      }
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}
