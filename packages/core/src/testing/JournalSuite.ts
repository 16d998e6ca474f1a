/**
 * What every journal promises, as tests. An adapter gives a layer for `SuiteJournal` and gets the whole suite:
 *
 * @example
 * ```ts
 * JournalSuite.suite("PgJournal", PgJournal.layer(JournalSuite.SuiteJournal, { table: "suite_event" }).pipe(…))
 * ```
 *
 * The tests run on the live clock, one after another, in one journal that may hold other events already.
 *
 * @since 0.1.0
 */
import { addEqualityTesters } from "@effect/vitest"
import type { Layer } from "effect"
import { appending } from "./internal/journalAppending.js"
import { concurrency } from "./internal/journalConcurrency.js"
import { history } from "./internal/journalHistory.js"
import { reading } from "./internal/journalReading.js"
import { tagging } from "./internal/journalTagging.js"
import { shared } from "./internal/sharedLayer.js"
import type { SuiteJournal } from "./internal/suiteJournal.js"

/**
 * The journal of the suite: events with fields of several types, tagged by four partitions under a name of awkward
 * characters.
 *
 * @since 0.1.0
 * @category services
 */
export { SuiteJournal } from "./internal/suiteJournal.js"

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, journal: Layer.Layer<SuiteJournal, E>): void => {
  addEqualityTesters()
  shared(name, journal, (it) => {
    appending(it)
    reading(it)
    tagging(it)
    history(it)
    concurrency(it)
  })
}
