/**
 * What every journal promises, as tests. An adapter gives a layer for `SuiteJournal`, and for `EarlierSuiteJournal` in
 * the same storage, and gets the whole suite:
 *
 * @example
 * ```ts
 * const table = { table: "suite_event" }
 * const journals = [PgJournal.layer(SuiteJournal, table), PgJournal.layer(EarlierSuiteJournal, table)] as const
 * JournalSuite.suite("PgJournal", Layer.mergeAll(...journals).pipe(…))
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
import { evolution } from "./internal/journalEvolution.js"
import { history } from "./internal/journalHistory.js"
import { reading } from "./internal/journalReading.js"
import { tagging } from "./internal/journalTagging.js"
import { type Releases, repartitioning as repartitioned } from "./internal/journalRepartitioning.js"
import { owning } from "./internal/ownLayer.js"
import { shared } from "./internal/sharedLayer.js"
import type { EarlierSuiteJournal, SuiteJournal } from "./internal/suiteJournal.js"

/**
 * The journal of the suite: events with fields of several types, tagged by four partitions under a name of awkward
 * characters.
 *
 * @since 0.1.0
 * @category services
 */
export { SuiteJournal } from "./internal/suiteJournal.js"

/**
 * The journal of the suite as earlier code has declared it: an event of it has another shape, another an other name, and
 * others are not known. What is stored through one class is read through the other.
 *
 * @since 0.1.0
 * @category services
 */
export { EarlierSuiteJournal } from "./internal/suiteJournal.js"

/**
 * One journal as code of three releases declares it, whose taggings differ in the number of partitions.
 *
 * @since 0.1.0
 * @category services
 */
export { FourJournal, SevenJournal, ThreeJournal } from "./internal/journalRepartitioning.js"

/**
 * Registers the tests of repartitioning. They need a storage that is empty and shared by the three journals; each test
 * builds the layer anew.
 *
 * @example
 * ```ts
 * const table = { table: "parted_event" }
 * const { FourJournal, SevenJournal, ThreeJournal } = JournalSuite
 * const journals = [
 *   PgJournal.layer(FourJournal, table),
 *   PgJournal.layer(SevenJournal, table),
 *   PgJournal.layer(ThreeJournal, table)
 * ] as const
 * JournalSuite.repartitioning("PgJournal", Layer.mergeAll(...journals).pipe(…))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const repartitioning = <E>(name: string, journals: Layer.Layer<Releases, E>): void =>
  owning(name, "live", (it) => repartitioned(it, journals))

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, journals: Layer.Layer<SuiteJournal | EarlierSuiteJournal, E>): void => {
  addEqualityTesters()
  shared(name, journals, (it) => {
    appending(it)
    reading(it)
    tagging(it)
    history(it)
    evolution(it)
    concurrency(it)
  })
}
