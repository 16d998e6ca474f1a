/**
 * The listener of a node: one connection for all journals and views on one client, while anybody subscribes. Where nobody
 * does there is none, and what is told costs the server nothing.
 *
 * A connection that ends is replaced at once, and one that is dead without saying so when it does not answer. Who
 * subscribes is told when messages may have been missed, and must poll as well: notifications make things fast, never
 * correct. Through a pooler that gives connections away between transactions nothing is heard: that is noticed, and tried
 * again ever more rarely.
 */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Context, Data, Deferred, Effect, Exit, Layer, RcMap, type Scope, Stream, SubscriptionRef } from "effect"
import type * as Pg from "pg"
import { channel } from "./channel.js"
import * as OwnConnection from "./ownConnection.js"

/** What a message says of a table; undefined when messages may have been missed. */
type Listener = (said: string | undefined) => void

export interface Hub {
  /** Calls back with what is said of a table, by the identity that the messages carry, until the scope closes. */
  readonly subscribe: (identity: string, listener: Listener) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The hubs, one a client. Layers that use them provide `layer` to themselves: it is built once for them all.
 */
export class Notifications extends Context.Tag("@aecor/journal-pg/internal/Notifications")<
  Notifications,
  RcMap.RcMap<PgClient.PgClient, Hub>
>() {
  static readonly layer: Layer.Layer<Notifications> = Layer.scoped(
    Notifications,
    RcMap.make({ lookup: (sql: PgClient.PgClient) => makeHub(sql) })
  )
}

/** The hub of a client, for as long as the scope lives. */
export const hubOf = (sql: PgClient.PgClient): Effect.Effect<Hub, never, Notifications | Scope.Scope> =>
  Effect.flatMap(Notifications, (hubs) => RcMap.get(hubs, sql))

/** How often the connection is tried, and how long it may stay silent then. */
const pingInterval = "2 seconds"
const pingTimeout = "1500 millis"
/** How long it is waited before the next connection, in milliseconds: at first, where one was lost, and where one is deaf. */
const reconnectDelay = 500
const maxReconnectDelay = 15_000
const maxDeafDelay = 60_000
const linger = "15 seconds"

/** Nothing comes of what is said: a pooler gives the connection to others between transactions. */
class Deaf extends Data.TaggedError("Deaf") {}

const makeHub = Effect.fnUntraced(function* ({ config }: PgClient.PgClient) {
  const listeners = new Map<string, Set<Listener>>()
  /** How many have subscribed, trials not counted. */
  const subscribers = yield* SubscriptionRef.make(0)

  const add = (identity: string, listener: Listener) =>
    listeners.set(identity, (listeners.get(identity) ?? new Set<Listener>()).add(listener))
  const remove = (identity: string, listener: Listener) => {
    listeners.get(identity)?.delete(listener)
    if (listeners.get(identity)?.size === 0) listeners.delete(identity)
  }
  const attach = (identity: string, listener: Listener) =>
    Effect.acquireRelease(
      Effect.sync(() => add(identity, listener)),
      () => Effect.sync(() => remove(identity, listener))
    )
  const subscribe = (identity: string, listener: Listener) =>
    Effect.zipRight(
      attach(identity, listener),
      Effect.acquireRelease(
        SubscriptionRef.update(subscribers, (n) => n + 1),
        () => SubscriptionRef.update(subscribers, (n) => n - 1)
      )
    )

  const dispatch = (message: string) => {
    const space = message.indexOf(" ")
    for (const listener of listeners.get(message.slice(0, space)) ?? []) listener(message.slice(space + 1))
  }
  const missed = Effect.sync(() => {
    for (const all of listeners.values()) for (const listener of all) listener(undefined)
  })

  const run = (client: Pg.Client, text: string, values: Array<unknown> = []) =>
    Effect.tryPromise({
      try: () => client.query(text, values),
      catch: (cause) => new SqlError.SqlError({ message: "the statement failed", cause })
    })
  const listen = `LISTEN "${channel}"`

  /** Says something on another connection, and waits until it is heard. */
  const trial = Effect.gen(function* () {
    const name = globalThis.crypto.randomUUID()
    const heard = yield* Deferred.make<void>()
    yield* attach(name, () => Deferred.unsafeDone(heard, Exit.void))
    const { opened } = yield* OwnConnection.make(config, "tries to listen")
    const client = yield* opened
    yield* Effect.timeout(run(client, "SELECT pg_notify($1, $2)", [channel, `${name} trial`]), pingTimeout)
    yield* Effect.timeoutFail(Deferred.await(heard), { duration: pingTimeout, onTimeout: () => new Deaf() })
  }).pipe(Effect.scoped)

  /** Listens until the connection does not answer any more, or never gets there. */
  const session = Effect.gen(function* () {
    const { opened } = yield* OwnConnection.make(config, "listens")
    const client = yield* opened
    const lost = yield* Deferred.make<never, SqlError.SqlError>()
    client.once("end", () => Deferred.unsafeDone(lost, Exit.fail(isLost)))
    client.on("notification", ({ payload = "" }) => dispatch(payload))
    // to listen again says nothing new to the server, and its answer shows that the connection is alive
    const ping = Effect.timeout(run(client, listen), pingTimeout)
    yield* ping
    yield* Effect.tapErrorTag(trial, "Deaf", () =>
      Effect.ignore(Effect.timeout(run(client, "UNLISTEN *"), pingTimeout))
    )
    failures = 0
    yield* missed
    return yield* Effect.raceFirst(
      Deferred.await(lost),
      Effect.forever(Effect.zipRight(Effect.sleep(pingInterval), ping))
    )
  }).pipe(Effect.scoped)

  let failures = 0
  const again = (deaf: boolean) =>
    Effect.suspend(() =>
      Effect.sleep(Math.min(reconnectDelay * 2 ** failures++, deaf ? maxDeafDelay : maxReconnectDelay))
    )
  const sessions = session.pipe(
    Effect.tapError((error) => Effect.logDebug("no notifications; polling goes on", error)),
    Effect.catchTags({ Deaf: () => again(true), SqlError: () => again(false), TimeoutException: () => again(false) }),
    Effect.forever
  )
  /** Until nobody has subscribed for a while; a process that is started again is back before. */
  const deserted = subscribers.changes.pipe(
    Stream.debounce(linger),
    Stream.filter((count) => count === 0),
    Stream.runHead
  )
  const someone = Stream.runHead(Stream.filter(subscribers.changes, (count) => count > 0))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(someone, Effect.raceFirst(sessions, deserted))))
  return { subscribe } satisfies Hub
})

const isLost = new SqlError.SqlError({ message: "the listener's connection has ended", cause: undefined })
