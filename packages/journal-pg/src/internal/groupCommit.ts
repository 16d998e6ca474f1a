/**
 * Group commit: appends that arrive while a batch is on its way go together in the next one. One batch at a time; at
 * most one item a key in a batch, so that no two of them depend on each other; no waiting while idle.
 *
 * Many callers take turns: who has just been answered comes again, and is reckoned with. A batch takes half of all, so
 * that the server works on one half while this process works on the other; were they all in one batch, each would wait
 * for the other.
 *
 * Batches are committed by a fiber of their own: neither an interruption nor a transaction of a caller reaches them. An
 * item whose caller is interrupted is dropped while it waits, and stored when it is on its way. Closing the scope lets
 * what was submitted be committed first.
 */
import { Effect, Exit, Fiber, type Scope } from "effect"

export interface Options<A, B, E> {
  readonly maxBatch: number
  /** So many go in one batch even where they are more than half of all: below, a batch costs more than its items. */
  readonly halveAbove: number
  /** Commits a batch; gives an exit for each item, in order. `since` is when the oldest of them was submitted. */
  readonly commit: (batch: ReadonlyArray<A>, since: number) => Effect.Effect<ReadonlyArray<Exit.Exit<B, E>>>
  /** The answer to an item that comes after the scope was closed. */
  readonly closed: (item: A) => E
}

interface Entry<A, B, E> {
  readonly item: A
  readonly since: number
  readonly resume: (exit: Exit.Exit<B, E>) => void
}

export const make = <A extends { readonly key: string }, B, E>(
  options: Options<A, B, E>
): Effect.Effect<(item: A) => Effect.Effect<B, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let queue: Array<Entry<A, B, E>> = []
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

    const commit = (batch: ReadonlyArray<Entry<A, B, E>>) =>
      Effect.map(
        Effect.exit(
          options.commit(
            batch.map(({ item }) => item),
            Math.min(...batch.map(({ since }) => since))
          )
        ),
        (exits) => {
          for (const [i, entry] of batch.entries()) {
            entry.resume(Exit.flatMap(exits, (all) => all[i] ?? Exit.die(`no answer for ${entry.item.key}`)))
          }
        }
      )

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
      signal()
      return Fiber.await(drainer)
    })

    return (item) =>
      Effect.clockWith((clock) =>
        Effect.async<B, E>((resume) => {
          if (closed) return resume(Effect.fail(options.closed(item)))
          const entry: Entry<A, B, E> = { item, since: clock.unsafeCurrentTimeMillis(), resume }
          queue.push(entry)
          signal()
          return Effect.sync(() => {
            queue = queue.filter((one) => one !== entry)
          })
        })
      )
  })
