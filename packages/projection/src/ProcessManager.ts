/**
 * What reacts to events with commands to entities: one process a tag of the journal, to be handed to
 * `DistributedProcessing`. A business process that spans entities lives here: an order is placed, so its goods are
 * reserved; they cannot be, so it is refused.
 *
 * `make` is for a manager without a state of its own, or with an event-sourced one: an entity that a first manager sends
 * what happened, and to whose events a second one reacts (docs/process-managers.md). `withState` is for one with a row a
 * key. Of these two, each stores the outcome of a command before it does what that leads to.
 *
 * Guarantees: events are reacted to in the order of their tag, each at least once, and every command carries an id made
 * of the manager, the event's place and the command's step. Such ids are ordered (`CommandId`): an entity recognises a
 * command that it has stored events of whenever it comes again, also after thousands of others, and also from a copy that
 * was frozen and wakes. So a crash at any point neither loses what a command stored nor stores it twice. A rejection is a
 * value. What nobody answers is asked again for a while; then the process ends with an error that names the event, and
 * the host starts it again: nothing is passed over.
 *
 * Not guaranteed: that a command that stored nothing (a rejection, a no-op) is decided once. It is decided anew when it
 * comes again. What follows from a rejection is sent once where the outcome is stored first, as by those two; and a copy
 * that was frozen within a send may still bring a command that its successor has seen refused.
 *
 * Why not @effect/workflow: it remembers what its activities answered, by execution, and runs one at least once as well.
 * It has no fence against a copy that wakes, no order by a journal's tag, and no offset to commit with what it did, so
 * that the way from the event to its start would have to be made safe as here. It fits a procedure that is begun by one
 * event and goes through many steps of its own: begin one from a reaction, with the event's id as its idempotency key.
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  type EntityEvent,
  type EventSourced,
  type Journal,
  type OffsetStore,
  Process,
  ProcessContext
} from "@aecor/core"
import { type Context, Effect, type Option, type Scope } from "effect"
import * as keptIn from "./internal/keptIn.js"
import * as Managed from "./internal/managed.js"
import { checkPageSize } from "./internal/pages.js"
import * as Sending from "./internal/sending.js"
import * as Projection from "./Projection.js"
import type { Outcome, Reaction, Row, Send } from "./Reaction.js"
import type * as ViewStore from "./ViewStore.js"

export * from "./Reaction.js"

/**
 * A manager without a state of its own: `react` does what is to be done about one event, and sends commands with what it
 * is given. Effects of other kinds must bear a repeat: the event's `id` is the key for them.
 *
 * It may decide by the answers of its commands where those stored events: they are answered the same again. Where it
 * needs to know what was before, it asks an entity of its own, which answers with what is to be done. What it does about
 * a rejection must not depend on the rejection coming again; where it does, use `withState`.
 *
 * With `only`, it gets events of these types alone, as `Projection.atLeastOnce` does. The offset is committed after at
 * most `pageSize` events (100 by default). Throws a `RangeError` as that does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <JS, E extends { readonly _tag: string }, X, R, T extends E["_tag"] = E["_tag"]>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly only?: ReadonlyArray<T>
    readonly react: (event: EntityEvent.EntityEvent<Projection.Of<E, T>>, send: Send) => Effect.Effect<void, X, R>
    readonly pageSize?: number
  }
): Projection.Projection<
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | Exclude<R, Scope.Scope>,
  OffsetStore.OffsetStore
> => {
  const { journal, react, ...rest } = options
  return Projection.atLeastOnce(name, {
    ...rest,
    journal,
    handle: (event: EntityEvent.EntityEvent<Projection.Of<E, T>>) => {
      const sending = Sending.because(ConsumerId.make(name, journal.tagging.tagOf(event.key)), event)
      return Sending.endingWherePassed(name, event, react(event, Sending.unlessPassed(sending)))
    }
  })
}

/**
 * The `send` of a consumer's reaction to an event: what `make` gives to `react`, for tests of a reaction alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sendFor: (consumer: ConsumerId.ConsumerId, event: EntityEvent.EntityEvent<unknown>) => Send =
  Sending.because

/**
 * A manager with a row for each key of the journal. `react` and `settle` are pure: the one says what an event leads to,
 * the other what a command's outcome leads to; `send` sends one command, with the options handed on as they are.
 *
 * Rows and offset are committed together, under the process's fence: after each event that led to commands, otherwise at
 * the end of a page (`pageSize`, 100 by default). Where an outcome leads to further commands, it is stored before they
 * are sent: whatever crashes, they follow from the outcome that counts, and from no other.
 *
 * It begins with the journal's first event, and reacts to an event of a key without a row as to its first. The process
 * ends with `GapNotHealed` where a row lacks events before the one that came, and with `EventFailed` where something
 * throws or a command is not answered.
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withState = <JS, E extends { readonly _tag: string }, VS, S, C, A, X, R>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly states: ViewStore.Any<VS, Row<S, C>>
    readonly react: (
      state: Option.Option<NoInfer<S>>,
      event: EntityEvent.EntityEvent<NoInfer<E>>
    ) => Reaction<NoInfer<S>, NoInfer<C>>
    readonly send: (command: NoInfer<C>, options: EventSourced.SendOptions) => Effect.Effect<A, X, R>
    readonly settle: (
      state: NoInfer<S>,
      command: NoInfer<C>,
      outcome: Outcome<NoInfer<A>, NoInfer<X>>
    ) => Reaction<NoInfer<S>, NoInfer<C>>
    readonly pageSize?: number
  }
): Projection.Projection<JS | VS | ProcessContext.ProcessContext | R, VS> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 100)
  const { journal, react, send, settle, states } = options
  return {
    name,
    offsets: keptIn.view(states),
    // nothing is ever set aside: a process ends at what it cannot react to
    quarantine: {
      entries: Effect.flatMap(states, (store) => store.quarantined(name)),
      retry: () => Effect.succeed([])
    },
    processes: journal.tagging.tags.map((tag) =>
      Effect.gen(function* () {
        const consumer = ConsumerId.make(name, tag)
        const fence = yield* ProcessContext.ProcessContext
        const context = yield* Effect.context<R>()
        const process = Managed.run<S, C, E, A, X, R>({
          consumer,
          fence,
          pageSize,
          journal: yield* journal,
          store: yield* states,
          view: states.label,
          manager: { react, send, settle }
        })
        return yield* Process.fromEffect(Effect.mapInputContext(process, (_: Context.Context<never>) => context))
      })
    )
  }
}
