/** Events of `JournalSuite` whose shape has changed since earlier code has stored them. */
import { BigDecimal, Schema } from "effect"
import * as Upcast from "../../Upcast.js"

/** Version 1. */
const WeighedV1 = Schema.TaggedStruct("Weighed", { pounds: Schema.Int })

/** Version 2: what was stored as version 1 reads as this by `fromPounds`. */
export class WeighedV2 extends Schema.TaggedClass<WeighedV2>()("Weighed", { grams: Schema.Int }) {}
export const fromPounds = Upcast.make(WeighedV1, WeighedV2, ({ pounds }) => new WeighedV2({ grams: pounds * 500 }))

/** Version 3, the current one: written as text, so neither can be taken for the other. */
export class Weighed extends Schema.TaggedClass<Weighed>()("Weighed", { grams: Schema.BigDecimal }) {}

const weighed = ({ grams }: WeighedV2): Weighed => new Weighed({ grams: BigDecimal.fromBigInt(BigInt(grams)) })
export const upcasts = [Upcast.make(fromPounds, Weighed, weighed), Upcast.make(WeighedV2, Weighed, weighed)] as const

/** What a note was called once. */
export class Scribbled extends Schema.TaggedClass<Scribbled>()("Scribbled", { ink: Schema.String }) {}
