/** The application's HTTP interface without a network: requests run in the test's own runtime, on its clock. */
import { HttpApp, type HttpRouter, HttpServer } from "@effect/platform"
import { Context, Effect, Layer } from "effect"
import { serveWith } from "../../src/http/Http.js"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The body as JSON, or as text where it is none. */
  readonly body: unknown
}

export class Http extends Context.Tag("test/Http")<
  Http,
  (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Effect.Effect<Answer>
>() {}

/** Serves requests that are made in this process. */
export const layer = serveWith((app) =>
  Layer.effect(
    Http,
    Effect.map(Effect.runtime<HttpRouter.HttpRouter.DefaultServices>(), (runtime) => {
      const handle = HttpApp.toWebHandlerRuntime(runtime)(app)
      return (method, path, body, headers = {}) =>
        Effect.promise(async () => {
          const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }
          const init = { method, headers: { "content-type": "application/json", ...headers }, ...sent }
          const response = await handle(new Request(`http://test${path}`, init))
          return { status: response.status, headers: response.headers, body: jsonOr(await response.text()) }
        })
    })
  )
).pipe(Layer.provide(HttpServer.layerContext))

const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const request = (...args: Parameters<Context.Tag.Service<Http>>) => Effect.flatMap(Http, (_) => _(...args))

/** A field of an answer's body. */
export const field = (answer: Answer, name: string): unknown =>
  Object.entries(Object(answer.body)).find(([key]) => key === name)?.[1]
