// What the compiler knows and refuses of upcasts. Nothing here runs; `tsc` is the test.
import { type EventFormat, Journal, Tagging, Upcast } from "@aecor/core"
import { GoldenEvents } from "@aecor/core/testing"
import { Schema } from "effect"
import { hasType } from "./fixtures/hasType.js"
import { Closed, type Limits, Opened, WalletEvent, WalletJournal } from "./fixtures/Wallet.js"

class Foreign extends Schema.TaggedClass<Foreign>()("Foreign", {}) {}
const OpenedV1 = Schema.TaggedStruct("Opened", { by: Schema.String, since: Schema.DateTimeUtc })
const fromV1 = Upcast.make(OpenedV1, Opened, (old) => {
  hasType<typeof OpenedV1.Type>()(old)
  return new Opened({ owner: old.by })
})
hasType<Schema.Schema<Opened, typeof OpenedV1.Encoded>>()(fromV1)
const closedOr = Upcast.make(OpenedV1, WalletEvent, ({ by }) => (by === "" ? new Closed() : new Opened({ owner: by })))
hasType<Schema.Schema<WalletEvent, typeof OpenedV1.Encoded>>()(closedOr)
// @ts-expect-error the function makes another event
export const wrongUpcast = Upcast.make(OpenedV1, Opened, () => new Closed())

class Evolved extends Journal.Tag<Evolved>()("Evolved", {
  event: WalletEvent,
  tagging: Tagging.single("Evolved"),
  upcasts: {
    Opened: [fromV1, closedOr, Opened],
    Founded: [Schema.transform(OpenedV1, Opened, { decode: opened1, encode: founded })]
  }
}) {}
hasType<EventFormat.EventFormat<WalletEvent>>()(Evolved.format)
declare const opened1: (old: typeof OpenedV1.Type) => typeof Opened.Encoded
declare const founded: (event: typeof Opened.Encoded) => typeof OpenedV1.Type

const evolving = { event: WalletEvent, tagging: Tagging.single("Evolved") }
export const wrongUpcasts = () => [
  // @ts-expect-error an upcast to an event of another journal
  Journal.Tag<Evolved>()("Evolved", { ...evolving, upcasts: { Opened: [Foreign] } }),
  // @ts-expect-error an empty list of upcasts
  Journal.Tag<Evolved>()("Evolved", { ...evolving, upcasts: { Opened: [] } }),
  // @ts-expect-error an upcast outside of a list
  Journal.Tag<Evolved>()("Evolved", { ...evolving, upcasts: { Opened: fromV1 } }),
  // @ts-expect-error an upcast that needs a service
  Journal.Tag<Evolved>()("Evolved", { ...evolving, upcasts: { Opened: [needy] } })
]
declare const needy: Schema.Schema<Opened, string, Limits>

export const goldenFiles = () => {
  GoldenEvents.suite(WalletJournal, { directory: "golden" })
  GoldenEvents.suite(Evolved, { directory: new URL("golden", import.meta.url) })
  // @ts-expect-error an event is no journal
  GoldenEvents.suite(Opened, { directory: "golden" })
}
