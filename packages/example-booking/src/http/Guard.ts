/**
 * What stands around the whole interface: bodies are JSON and bounded, whatever goes wrong is answered as JSON with a name, a 503
 * says when to try again, and a defect is logged and not told.
 */
import {
  Headers,
  type HttpApp,
  HttpIncomingMessage,
  HttpMethod,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { Cause, Effect, Option } from "effect"

const largestBody = 64 * 1024
const retryAfterSeconds = 1

const answer = (status: number, name: string, message: string) =>
  HttpServerResponse.unsafeJson({ _tag: name, message }, { status })

const tooLarge = answer(413, "BodyTooLarge", `a body has ${largestBody} bytes at the most`)

const declaredSize = (request: HttpServerRequest.HttpServerRequest): number =>
  Option.match(Headers.get(request.headers, "content-length"), { onNone: () => 0, onSome: Number })

const unsupported = answer(415, "UnsupportedMediaType", "bodies are application/json")

/** A body that says of itself that it is something else. */
const isForeign = ({ headers, method }: HttpServerRequest.HttpServerRequest): boolean =>
  HttpMethod.hasBody(method) &&
  Option.exists(Headers.get(headers, "content-type"), (type) => !type.toLowerCase().includes("application/json"))

/** An error that no endpoint names: of the request itself, or a defect. */
const answerOf = (cause: Cause.Cause<unknown>): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const error = Cause.squash(cause)
  if (error instanceof HttpServerError.RouteNotFound) {
    return Effect.succeed(answer(404, "RouteNotFound", "there is nothing here"))
  }
  if (error instanceof HttpServerError.RequestError) {
    return Effect.succeed(answer(400, "MalformedBody", "the body could not be read as JSON"))
  }
  return Effect.as(
    Effect.logError("a request met a defect", cause),
    answer(500, "InternalError", "something is wrong on our side")
  )
}

const withRetryAfter = (response: HttpServerResponse.HttpServerResponse) =>
  response.status === 503 ? HttpServerResponse.setHeader(response, "retry-after", String(retryAfterSeconds)) : response

export const guard = <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<never, R> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    if (declaredSize(request) > largestBody) return Effect.succeed(tooLarge)
    return isForeign(request) ? Effect.succeed(unsupported) : app
  }).pipe(
    HttpIncomingMessage.withMaxBodySize(Option.some(largestBody)),
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.failCause(Cause.stripFailures(cause)) : answerOf(cause)
    ),
    Effect.map(withRetryAfter)
  )
