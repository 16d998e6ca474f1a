/**
 * Clients that ask any of several nodes. A client whose node vanishes sends the same request to another node; a command's
 * own id makes that harmless.
 */
import { HttpApiClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { Config, type ConfigError, Context, Effect, Option, Random, Schedule } from "effect"
import { BookingApi } from "../http/BookingApi.js"

export type Client = Effect.Effect.Success<ReturnType<typeof connect>>
const connect = (url: string) => HttpApiClient.make(BookingApi, { baseUrl: url })

/** How long a request is tried on one node after another before it counts as failed. */
const patience = "60 seconds"

const unanswered = new Set(["RequestError", "ResponseError", "CommandFailed", "StorageUnavailable", "ViewBehind"])

/** The application's own answer, which another node would give as well. */
export const isRefusal = (error: { readonly _tag: string }): boolean => !unanswered.has(error._tag)

export interface Front {
  /** Sends a request to any of the nodes, and to another one while it is not answered. A refusal is an answer. */
  readonly ask: <A, E extends { readonly _tag: string }, R>(
    request: (client: Client) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
  /** The address of any of them. */
  readonly url: Effect.Effect<string>
  readonly counts: {
    /** All that were sent. */
    requests: number
    /** Those that were sent again because a node did not answer. */
    repeated: number
  }
}

/** They ask as operators, where the nodes have a token for these: they have to know what is told to no client. */
const asOperator = Effect.gen(function* () {
  const context = yield* Effect.context<HttpClient.HttpClient>()
  const token = yield* Config.option(Config.nonEmptyString("OPERATOR_TOKEN"))
  if (Option.isNone(token)) return context
  const client = Context.get(context, HttpClient.HttpClient)
  const showing = HttpClient.mapRequest(client, HttpClientRequest.bearerToken(token.value))
  return Context.add(context, HttpClient.HttpClient, showing)
})

/** `nodes` are those that can be asked, now. */
export const make = (
  nodes: () => ReadonlyArray<{ readonly url: string }>
): Effect.Effect<Front, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.map(asOperator, (context) => {
    const known = new Map<string, Client>()
    const counts = { requests: 0, repeated: 0 }
    const clientOf = (url: string) => {
      const client = known.get(url)
      if (client !== undefined) return Effect.succeed(client)
      return Effect.tap(Effect.provide(connect(url), context), (made) => Effect.sync(() => known.set(url, made)))
    }
    const url = Effect.gen(function* () {
      const all = nodes()
      const node = all[yield* Random.nextIntBetween(0, all.length)]
      return yield* node === undefined ? Effect.dieMessage("there is no node to ask") : Effect.succeed(node.url)
    })
    return {
      ask: (request) =>
        Effect.flatMap(Effect.flatMap(url, clientOf), (client) => {
          counts.requests += 1
          return request(client)
        }).pipe(
          Effect.tapError((error) => Effect.sync(() => void (counts.repeated += isRefusal(error) ? 0 : 1))),
          Effect.retry({
            while: (error) => !isRefusal(error),
            schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo(patience))
          })
        ),
      url,
      counts
    }
  })
