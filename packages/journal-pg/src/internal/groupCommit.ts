/**
 * Group commit: appends that arrive while a batch is on its way go together in the next one. One batch at a time; at
 * most one item a key in a batch, so that no two of them depend on each other; no waiting while idle.
 *
 * Many callers take turns: who has just been answered comes again, and is reckoned with. A batch takes half of all, so
 * that the server works on one half while this process works on the other; were they all in one batch, each would wait
 * for the other.
 *
 * There is room for so many items that are not yet answered. Who finds none waits outside, in order, with an item that is
 * not yet prepared, and costs no more memory than a caller does.
 *
 * Batches are committed by a fiber of their own: neither an interruption nor a transaction of a caller reaches them. An
 * item whose caller is interrupted is dropped while it waits, and stored when it is on its way. Closing the scope lets
 * what has come in be committed first.
 */
import { Effect, Either, Exit, Fiber, type Scope } from "effect"

export interface Options<A, B, E> {
  /** How many items there is room for. */
  readonly capacity: number
  readonly maxBatch: number
  /** So many go in one batch even where they are more than half of all: below, a batch costs more than its items. */
  readonly halveAbove: number
  /** Commits a batch; gives an exit for each item, in order. `since` is when the oldest of them was submitted. */
  readonly commit: (batch: ReadonlyArray<A>, since: number) => Effect.Effect<ReadonlyArray<Exit.Exit<B, E>>>
  /** The answer to an item that comes after the scope was closed. */
  readonly closed: () => E
}

/** Makes an item, when there is room for it; by an effect only where it has to be one. */
type Prepare<A, E> = () => Either.Either<A, E> | Effect.Effect<A, E>

interface Caller<A, B, E> {
  readonly prepare: Prepare<A, E>
  readonly since: number
  readonly resume: (answer: Effect.Effect<B, E>) => void
}

interface Entry<A, B, E> {
  readonly item: A
  readonly caller: Caller<A, B, E>
}

export const make = <A extends { readonly key: string }, B, E>(
  options: Options<A, B, E>
): Effect.Effect<(prepare: Prepare<A, E>) => Effect.Effect<B, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const outside = new Set<Caller<A, B, E>>()
    let queue: Array<Entry<A, B, E>> = []
    /** How many are in the queue or on their way. */
    let inside = 0
    let wake: (() => void) | undefined
    let closed = false

    const work = Effect.async<void>((resume) => {
      if (queue.length > 0 || closed) resume(Effect.void)
      else wake = () => resume(Effect.void)
    })
    const signal = () => {
      wake?.()
      wake = undefined
    }

    const enter = (caller: Caller<A, B, E>) => {
      const prepared = preparedBy(caller)
      if (!Either.isEither(prepared)) {
        // the caller's own fiber prepares it, and comes again
        caller.resume(Effect.flatMap(prepared, (item) => submit(() => Either.right(item))))
      } else if (Either.isLeft(prepared)) {
        caller.resume(Effect.fail(prepared.left))
      } else {
        inside++
        queue.push({ item: prepared.right, caller })
        signal()
      }
    }
    const letIn = () => {
      for (const caller of outside) {
        if (inside >= options.capacity) return
        outside.delete(caller)
        enter(caller)
      }
    }

    /** The first item of each key, in the order of their coming, as many as a batch may hold; the others stay. */
    const take = (answered: number): ReadonlyArray<Entry<A, B, E>> => {
      const half = Math.ceil((queue.length + answered) / 2)
      const size = Math.min(options.maxBatch, Math.max(options.halveAbove, half))
      const keys = new Set<string>()
      const batch: Array<Entry<A, B, E>> = []
      const rest: Array<Entry<A, B, E>> = []
      for (const entry of queue) {
        const fits = batch.length < size && !keys.has(entry.item.key)
        keys.add(entry.item.key)
        if (fits) batch.push(entry)
        else rest.push(entry)
      }
      queue = rest
      return batch
    }

    const answer = (batch: ReadonlyArray<Entry<A, B, E>>, exits: Exit.Exit<ReadonlyArray<Exit.Exit<B, E>>>) => {
      inside -= batch.length
      const of = (i: number, key: string): Exit.Exit<B, E> =>
        Exit.flatMap(exits, (all) => all[i] ?? Exit.die(`no answer for ${key}`))
      batch.forEach(({ caller, item }, i) => caller.resume(of(i, item.key)))
      letIn()
    }
    const commit = (batch: ReadonlyArray<Entry<A, B, E>>) => {
      let since = Number.POSITIVE_INFINITY
      for (const { caller } of batch) since = Math.min(since, caller.since)
      const items = batch.map(({ item }) => item)
      return Effect.map(Effect.exit(options.commit(items, since)), (exits) => answer(batch, exits))
    }

    const drain = Effect.gen(function* () {
      let answered = 0
      while (true) {
        // the next batch is on its way before those who were answered go on
        if (queue.length === 0) {
          answered = 0
          yield* work
          if (queue.length === 0) return
        }
        const batch = take(answered)
        yield* commit(batch)
        answered = batch.length
      }
    })
    const drainer = yield* Effect.forkDaemon(Effect.interruptible(drain))
    yield* Effect.addFinalizer(() => {
      closed = true
      for (const { resume } of outside) resume(Effect.fail(options.closed()))
      outside.clear()
      signal()
      return Fiber.await(drainer)
    })

    /** Takes back what is not on its way yet. */
    const leave = (caller: Caller<A, B, E>) => {
      if (outside.delete(caller)) return
      const rest = queue.filter((entry) => entry.caller !== caller)
      inside -= queue.length - rest.length
      queue = rest
      letIn()
    }

    const submit = (prepare: Prepare<A, E>): Effect.Effect<B, E> =>
      Effect.clockWith((clock) =>
        Effect.async<B, E>((resume) => {
          if (closed) return resume(Effect.fail(options.closed()))
          const caller = { prepare, since: clock.unsafeCurrentTimeMillis(), resume }
          if (inside >= options.capacity) outside.add(caller)
          else enter(caller)
          return Effect.sync(() => leave(caller))
        })
      )
    return submit
  })

/** What throws is the caller's own defect, and nobody else's. */
const preparedBy = <A, B, E>({ prepare }: Caller<A, B, E>): ReturnType<Prepare<A, E>> => {
  try {
    return prepare()
  } catch (defect) {
    return Effect.die(defect)
  }
}
