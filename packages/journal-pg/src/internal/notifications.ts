/**
 * The listener of a node: one connection for all journals and views on one client, while anybody subscribes. Where nobody
 * does there is none, and what is told costs the server nothing.
 *
 * A connection that is dead without saying so is noticed by the silence after a message of one's own, and replaced. Who
 * subscribes is told when messages may have been missed, and must poll as well: notifications make things fast, never
 * correct.
 */
import type { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Effect, Exit, Layer, RcMap, Schedule, Scope, Stream, SubscriptionRef } from "effect"
import { channel } from "./channel.js"
import { listen } from "./listener.js"
import { query } from "./query.js"
import * as silence from "./silence.js"

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
const connectTimeout = "15 seconds"
const reconnectDelay = "500 millis"
const maxReconnectDelay = "15 seconds"
const linger = "15 seconds"
/** The connection is given up before; this is for what is left of it, and for one that never came about. */
const silenceLimit = "6 seconds"

const makeHub = Effect.fnUntraced(function* (sql: PgClient.PgClient) {
  const listeners = new Map<string, Set<Listener>>()
  /** How many have subscribed, the connection's own trial not counted. */
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

  /** Begins to listen, and gives what tries the connection. */
  const establish = Effect.gen(function* () {
    const name = globalThis.crypto.randomUUID()
    let pong = yield* Deferred.make<void>()
    yield* attach(name, () => Deferred.unsafeDone(pong, Exit.void))
    const { ended } = yield* listen(silence.limited(sql.config, silenceLimit), dispatch)

    const ping = Effect.gen(function* () {
      pong = yield* Deferred.make<void>()
      // not interrupted when its answer is late: see `answerWithin`
      yield* Effect.forkDaemon(Effect.ignore(query(sql)("SELECT pg_notify($1, $2)", [channel, `${name} ping`])))
      yield* Deferred.await(pong)
    })
    // a connection that only seems to listen (a pooler's) is found out by this
    yield* Effect.timeout(ping, pingTimeout)
    yield* missed
    return { ping, ended }
  })

  /** Closing a dead connection can take for ever: it goes on alone. */
  const close = (scope: Scope.CloseableScope, exit: Exit.Exit<unknown, unknown>) =>
    Scope.close(scope, exit).pipe(
      Effect.disconnect,
      Effect.interruptible,
      Effect.timeoutOption("1 second"),
      Effect.catchAllCause((cause) => Effect.logDebug("the listener's connection did not close in good order", cause))
    )
  /** Listens until the connection no longer answers, or never gets there. */
  const session = (scope: Scope.Scope) =>
    Scope.extend(establish, scope).pipe(
      // connecting cannot be interrupted, and can take for ever as well
      Effect.disconnect,
      Effect.timeout(connectTimeout),
      Effect.flatMap(({ ended, ping }) =>
        Effect.raceFirst(
          ended,
          Effect.forever(Effect.zipRight(Effect.sleep(pingInterval), Effect.timeout(ping, pingTimeout)))
        )
      )
    )
  /** Until nobody has subscribed for a while; a process that is started again is back before. */
  const deserted = subscribers.changes.pipe(
    Stream.debounce(linger),
    Stream.filter((count) => count === 0),
    Stream.runHead
  )
  const someone = Stream.runHead(Stream.filter(subscribers.changes, (count) => count > 0))
  /** A connection that cannot listen (a pooler's) is tried ever more rarely. */
  const listening = Effect.acquireUseRelease(
    Scope.make(),
    (scope) => Effect.raceFirst(session(scope), deserted),
    close
  ).pipe(
    Effect.tapErrorCause((cause) => Effect.logDebug("no notifications; polling goes on", cause)),
    Effect.retry(
      Schedule.exponential(reconnectDelay).pipe(
        Schedule.union(Schedule.spaced(maxReconnectDelay)),
        Schedule.resetAfter("1 minute")
      )
    )
  )
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(someone, listening)))
  return { subscribe } satisfies Hub
})
