/**
 * A place in a journal: the position of the last event that a reader has handled. Reading goes on *after* it.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/**
 * A position in a journal, 0 before its first event. Positions grow in the order in which events become visible; they
 * may skip numbers.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Offset = Schema.NonNegativeInt

/**
 * @since 0.1.0
 * @category models
 */
export type Offset = typeof Offset.Type

/**
 * The offset of a reader that has seen nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const beginning: Offset = 0
