/**
 * Who keeps an offset: a named consumer reading one tag.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { EventTag } from "./Tagging.js"

/**
 * A consumer's name (of a projection, of a process manager) and the tag it reads. Structured identity: neither part
 * can be mistaken for the other, whatever characters it holds.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ConsumerId extends Schema.Class<ConsumerId>("@aecor/core/ConsumerId")({
  name: Schema.NonEmptyString,
  tag: EventTag
}) {
  override toString(): string {
    return `${this.name} of ${this.tag.toString()}`
  }
}

/**
 * The consumer `name` of a tag.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: string, tag: EventTag): ConsumerId => new ConsumerId({ name, tag })
