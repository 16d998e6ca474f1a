/** Who listens to a live answer, as a page does: the events by name, in their order. */
import * as Sse from "@effect/experimental/Sse"
import { Data, Deferred, Effect, Stream } from "effect"
import { expect } from "vitest"

class Unheard extends Data.TaggedError("Unheard")<{ readonly message: string }> {}

const matches = (data: unknown, wanted: object): boolean => {
  try {
    expect(data).toMatchObject(wanted)
    return true
  } catch {
    return false
  }
}

/** Listens until the scope closes. */
export const listen = (url: string) =>
  Effect.gen(function* () {
    const response = yield* Effect.tryPromise((signal) => fetch(url, { signal }))
    const heard: Array<{ readonly event: string; readonly data: unknown }> = []
    let changed = () => {}
    const parser = Sse.makeParser((one) => {
      if (one._tag === "Event") heard.push({ event: one.event, data: JSON.parse(one.data) })
      changed()
    })
    const { body } = response
    const bytes =
      body === null
        ? Stream.empty
        : Stream.fromReadableStream({
            evaluate: () => body,
            onError: (error) => new Unheard({ message: String(error) })
          })
    const over = yield* Deferred.make<void, Unheard>()
    yield* Effect.forkScoped(
      Stream.runForEach(Stream.decodeText(bytes), (text) => Effect.sync(() => parser.feed(text))).pipe(
        Effect.intoDeferred(over)
      )
    )
    const took = new Map<string, number>()
    /** The next event of a name that matches; those before it are passed over. */
    const until = (name: string, wanted: object) =>
      Effect.async<unknown>((resume) => {
        changed = () => {
          const ofName = heard.filter(({ event }) => event === name)
          const from = took.get(name) ?? 0
          const at = ofName.findIndex(({ data }, i) => i >= from && matches(data, wanted))
          if (at < 0) return
          took.set(name, at + 1)
          changed = () => {}
          resume(Effect.succeed(ofName[at]?.data))
        }
        changed()
      }).pipe(
        Effect.timeoutFail({
          duration: "45 seconds",
          onTimeout: () => {
            const last = heard.findLast(({ event }) => event === name)
            const message = `${name} ${JSON.stringify(wanted)} did not come; the last was ${JSON.stringify(last)}`
            return new Unheard({ message })
          }
        })
      )
    return {
      headers: response.headers,
      until,
      /** Returns when the answer has come to its end; fails where it was cut off. */
      ended: Deferred.await(over),
      names: () => heard.map(({ event }) => event)
    }
  })
