/**
 * Reading one's own write in a view whose rows many entities write to: until a partition's offset has come to the event of
 * the receipt, unless a row that the entity writes to waits in the quarantine.
 */
import { ConsumerId, type EntityEvent, type Journal, type JournalError, type Quarantine, Tagging } from "@aecor/core"
import { Array, type Duration, Effect, Option, Stream } from "effect"
import { Quarantined, ReceiptTimeout, type ViewStore, type ViewStoreError } from "../View.js"

interface Source<E> {
  readonly projection: string
  readonly view: string
  readonly journal: Pick<Journal.Journal<E>, "read">
  readonly store: Pick<ViewStore<unknown>, "awaitOffset" | "quarantined">
  readonly tag: Tagging.EventTag
  readonly rowsOf: (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>
}

export const awaitReceipt = Effect.fnUntraced(function* <E>(
  { journal, projection, rowsOf, store, tag, view }: Source<E>,
  { key, sequence }: { readonly key: string; readonly sequence: number },
  timeout: Duration.DurationInput
): Effect.fn.Return<void, ReceiptTimeout | Quarantined | ViewStoreError | JournalError.JournalError> {
  if (sequence <= 0) return
  const consumer = ConsumerId.make(projection, tag)
  const event = yield* Stream.runHead(journal.read(key, sequence))
  // what the journal does not have, no view will show
  if (Option.isNone(event)) return yield* new ReceiptTimeout({ view, key, sequence })
  const { position } = event.value

  const isOurs = (entry: Quarantine.Entry) => Tagging.isSame(entry.consumer.tag, tag)
  /** Of the rows that the entity's events write to, the first that lacks one of them. */
  const aside = Effect.gen(function* () {
    const entries = (yield* store.quarantined(projection)).filter(isOurs)
    if (entries.length === 0) return Option.none()
    const lacking = (one: EntityEvent.EntityEvent<E>) =>
      Array.findFirst(entries, (entry) => entry.position <= one.position && rowsOf(one).includes(entry.key))
    const events = Stream.takeWhile(journal.read(key, 1), (one) => one.sequence <= sequence)
    return yield* Stream.runHead(Stream.filterMap(events, lacking))
  })
  const orFail = Effect.flatMap(aside, (found) =>
    Option.isSome(found) ? new Quarantined({ view, key, sequence, entry: found.value }) : Effect.void
  )
  yield* orFail
  const inTime = yield* store.awaitOffset(consumer, position, timeout)
  // one that was set aside meanwhile was so together with the offset
  yield* orFail
  if (!inTime) return yield* new ReceiptTimeout({ view, key, sequence })
})
