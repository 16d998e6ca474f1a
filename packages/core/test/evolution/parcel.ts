import { Journal, Tagging, Upcast } from "@aecor/core"
import { Schema } from "effect"

// The current shapes: new events are stored like this.
export class ParcelSent extends Schema.TaggedClass<ParcelSent>()("ParcelSent", {
  to: Schema.NonEmptyString,
  grams: Schema.Int,
  insured: Schema.Boolean
}) {}
export class ParcelDelivered extends Schema.TaggedClass<ParcelDelivered>()("ParcelDelivered", {}) {}
export class ParcelLost extends Schema.TaggedClass<ParcelLost>()("ParcelLost", {}) {}
const ParcelEvent = Schema.Union(ParcelSent, ParcelDelivered, ParcelLost)

// What is stored already: these shapes never change again.
const ParcelSentV1 = Schema.TaggedStruct("ParcelSent", { to: Schema.NonEmptyString, pounds: Schema.Number })
const ParcelSentV2 = Schema.TaggedStruct("ParcelSent", { to: Schema.NonEmptyString, grams: Schema.Int })
const PackageMailed = Schema.TaggedStruct("PackageMailed", { address: Schema.NonEmptyString })
const ParcelClosed = Schema.TaggedStruct("ParcelClosed", { lost: Schema.Boolean })

const sent = (to: string, grams: number): ParcelSent => new ParcelSent({ to, grams, insured: false })

export class ParcelJournal extends Journal.Tag<ParcelJournal>()("ParcelJournal", {
  event: ParcelEvent,
  tagging: Tagging.partitioned("Parcel", 4),
  upcasts: {
    // two older shapes, versions 1 and 2: the current one is version 3
    ParcelSent: [
      Upcast.make(ParcelSentV1, ParcelSent, ({ to, pounds }) => sent(to, Math.round(pounds * 453.592))),
      Upcast.make(ParcelSentV2, ParcelSent, ({ to, grams }) => sent(to, grams))
    ],
    // renamed: nothing is stored under this name any more
    PackageMailed: [Upcast.make(PackageMailed, ParcelSent, ({ address }) => sent(address, 0))],
    // split in two
    ParcelClosed: [
      Upcast.make(ParcelClosed, ParcelEvent, ({ lost }) => (lost ? new ParcelLost() : new ParcelDelivered()))
    ]
  }
}) {}
