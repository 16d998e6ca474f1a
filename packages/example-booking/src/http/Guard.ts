/**
 * What stands around the whole interface: bodies are JSON and bounded, whatever goes wrong is answered as JSON with a name, a 503
 * says when to try again, and a defect is logged and not told.
 */
import {
  Headers,
  type HttpApp,
  HttpMethod,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { Cause, Effect, HashSet, Option } from "effect"
import * as Body from "./Body.js"
import { CommandNotAnswered } from "./HttpError.js"

const retryAfterSeconds = 1

const answer = (status: number, name: string, message: string) =>
  HttpServerResponse.unsafeJson({ _tag: name, message }, { status })

const unsupported = answer(415, "UnsupportedMediaType", "bodies are application/json")

/** A body that says of itself that it is something else. */
const isForeign = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  Option.exists(Headers.get(headers, "content-type"), (type) => !type.toLowerCase().includes("application/json"))

/** Whoever answers was interrupted, as an entity is that leaves this node; it may have done what it was asked. */
const interrupted = HttpServerResponse.unsafeJson(new CommandNotAnswered({ reason: "Interrupted", inDoubt: true }), {
  status: 503
})

/** The client is gone: it hears no answer. */
const isAbandoned = (cause: Cause.Cause<unknown>): boolean =>
  HashSet.has(Cause.interruptors(cause), HttpServerError.clientAbortFiberId)

/** An error that no endpoint names: of the request itself, or a defect. */
const answerOf = (cause: Cause.Cause<unknown>): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (Cause.isInterruptedOnly(cause)) return Effect.succeed(interrupted)
  const error = Cause.squash(cause)
  if (error instanceof HttpServerError.RouteNotFound) {
    return Effect.succeed(answer(404, "RouteNotFound", "there is nothing here"))
  }
  if (error instanceof Body.BodyTooLarge) return Effect.succeed(answer(413, error._tag, error.message))
  if (error instanceof Body.BodyTooDeep) return Effect.succeed(answer(400, error._tag, error.message))
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
    if (!HttpMethod.hasBody(request.method)) return app
    if (isForeign(request)) return Effect.succeed(unsupported)
    return Effect.flatMap(Body.read(request), (whole) =>
      Effect.provideService(app, HttpServerRequest.HttpServerRequest, whole)
    )
  }).pipe(
    Effect.catchAllCause((cause) =>
      isAbandoned(cause) ? Effect.failCause(Cause.stripFailures(cause)) : answerOf(cause)
    ),
    Effect.map(withRetryAfter)
  )
