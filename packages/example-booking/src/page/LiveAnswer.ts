/**
 * Answers that do not end: server-sent events, for as long as somebody listens and the node stays.
 *
 * Each begins with `hello`, which names the node, and beats: a listener that hears nothing for longer knows that its
 * node is gone or frozen. When the node leaves, each ends at once with `leaving`, so that the listener goes to another
 * node without waiting, and the server has nothing to wait for. Where one of the parts ends or fails, all do: the
 * listener connects again, and what it hears begins anew with the whole.
 *
 * What a part gives is asked for as fast as the listener takes it. A part that has a new state meanwhile gives the
 * newest, not all.
 */
import { HttpServerResponse } from "@effect/platform"
import * as Sse from "@effect/experimental/Sse"
import { Cause, Context, Deferred, Effect, Layer, Schedule, Stream } from "effect"
import { NodeName } from "./NodeName.js"

/** How often it beats, in milliseconds. The pages take three times that for silence. */
const beatInterval = 5000

/** An event as it is sent. Encoded once, however many listen. */
export type Encoded = Uint8Array

const utf8 = new TextEncoder()

export const encode = (event: string, data: unknown): Encoded =>
  utf8.encode(Sse.encoder.write({ _tag: "Event", event, id: undefined, data: JSON.stringify(data) }))

type Part = Stream.Stream<Encoded, unknown>

export class LiveAnswer extends Context.Tag("example-booking/page/LiveAnswer")<
  LiveAnswer,
  {
    readonly of: (parts: ReadonlyArray<Part>) => HttpServerResponse.HttpServerResponse
    /** Ends all of them, and all that begin later. */
    readonly end: Effect.Effect<void>
  }
>() {}

const beat = encode("beat", null)
const leaving = encode("leaving", null)

const headers = {
  "cache-control": "no-store",
  // a proxy that collects answers would hold these back
  "x-accel-buffering": "no"
}

/** A part that is over is told as a failure, which ends the others. */
const neverEnding = (part: Part): Part => Stream.concat(part, Stream.fail("a part has ended"))

export const layer: Layer.Layer<LiveAnswer> = Layer.effect(
  LiveAnswer,
  Effect.gen(function* () {
    const node = yield* NodeName
    const ended = yield* Deferred.make<void>()
    const hello = encode("hello", { node, beatInterval })
    const beats = Stream.repeatEffectWithSchedule(Effect.succeed(beat), Schedule.spaced(beatInterval)).pipe(
      Stream.drop(1)
    )

    const of = (parts: ReadonlyArray<Part>) =>
      HttpServerResponse.stream(
        Stream.mergeAll([beats, ...parts.map(neverEnding)], { concurrency: "unbounded", bufferSize: 1 }).pipe(
          Stream.catchAllCause((cause) =>
            Cause.isInterruptedOnly(cause) ? Stream.empty : Stream.execute(Effect.logDebug("a live answer ends", cause))
          ),
          Stream.interruptWhenDeferred(ended),
          (events) => Stream.concat(Stream.make(hello), events),
          (events) => Stream.concat(events, lastWord)
        ),
        { headers, contentType: "text/event-stream" }
      )
    const lastWord = Stream.unwrap(
      Effect.map(Deferred.isDone(ended), (done) => (done ? Stream.make(leaving) : Stream.empty))
    )
    return { of, end: Effect.asVoid(Deferred.succeed(ended, undefined)) }
  })
)
