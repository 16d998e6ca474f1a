/**
 * Bodies, read before an endpoint sees the request, and bounded: in bytes, and in how deep they nest (whoever walks
 * through one afterwards does so recursively).
 *
 * Of a body that is too large the rest is read as well, for a while, and thrown away: a connection that is closed
 * while its client still sends is reset, and the client may never hear why.
 */
import { Headers, type HttpServerError, type HttpServerRequest } from "@effect/platform"
import { Data, Deferred, Effect, Option, Stream } from "effect"

const largest = 64 * 1024
const deepest = 16

/** How much more is read, and for how long, of a body that is too large. */
const lingerBytes = 1024 * 1024
const linger = "2 seconds"

export class BodyTooLarge extends Data.TaggedError("BodyTooLarge") {
  override readonly message = `a body has ${largest} bytes at the most`
}
export class BodyTooDeep extends Data.TaggedError("BodyTooDeep") {
  override readonly message = `a body nests ${deepest} levels at the most`
}

const declaredSize = (request: HttpServerRequest.HttpServerRequest): Option.Option<number> =>
  Option.map(Headers.get(request.headers, "content-length"), Number)

/** Reads a body of any size; fails as soon as it has become too large, or at once where it was `refused` before. */
const readUndeclared = (
  request: HttpServerRequest.HttpServerRequest,
  refused: boolean
): Effect.Effect<string, BodyTooLarge | HttpServerError.RequestError> =>
  Effect.gen(function* () {
    const body = yield* Deferred.make<string, BodyTooLarge | HttpServerError.RequestError>()
    if (refused) yield* Deferred.fail(body, new BodyTooLarge())
    const decoder = new TextDecoder()
    let text = ""
    let size = 0
    const take = (chunk: Uint8Array) => {
      size += chunk.byteLength
      if (size > largest + lingerBytes) return new BodyTooLarge()
      if (size > largest) return Deferred.fail(body, new BodyTooLarge())
      text += decoder.decode(chunk, { stream: true })
      return Effect.void
    }
    const reading = Effect.matchEffect(Stream.runForEach(request.stream, take), {
      onFailure: (error) => Deferred.fail(body, error),
      onSuccess: () => Deferred.succeed(body, text + decoder.decode())
    })
    const longEnough = Effect.zipRight(Effect.exit(Deferred.await(body)), Effect.sleep(linger))
    // the answer does not wait for it; around the endpoints, nothing can be interrupted unless it says so
    yield* Effect.forkDaemon(Effect.interruptible(Effect.raceFirst(reading, longEnough)))
    return yield* Deferred.await(body)
  })

/** Whether more brackets are open somewhere than may be. Of a text that is no JSON this says nothing of use. */
const isTooDeep = (text: string): boolean => {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') quoted = !quoted
    else if (quoted) i += character === "\\" ? 1 : 0
    else if (character === "[" || character === "{") depth++
    else if (character === "]" || character === "}") depth--
    if (depth > deepest) return true
  }
  return false
}

/** The request with its body, which can be read only once. Its other properties are those of the given one. */
const withText = (request: HttpServerRequest.HttpServerRequest, text: string): HttpServerRequest.HttpServerRequest =>
  Object.create(request, { text: { value: Effect.succeed(text) } })

/** The request, with a body that is as it has to be. */
export const read = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<HttpServerRequest.HttpServerRequest, BodyTooLarge | BodyTooDeep | HttpServerError.RequestError> => {
  const declared = declaredSize(request)
  // the server sees to it that a body is as long as is declared
  const text = Option.exists(declared, (size) => size <= largest)
    ? request.text
    : readUndeclared(request, Option.isSome(declared))
  return Effect.flatMap(text, (body) => (isTooDeep(body) ? new BodyTooDeep() : Effect.succeed(withText(request, body))))
}
