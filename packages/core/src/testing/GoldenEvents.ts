/**
 * What a journal has ever stored must be read for ever: its events as JSON files, kept beside the tests, one file for
 * each type and version.
 *
 * A file, such as `BookingPlaced.v1.json`, is a list of examples, each as the journal stores it. The tests fail
 * - where a type and version of the journal has no file. The message says which file to create, and with what: an
 *   example made up from the schema, or what the examples of older versions become;
 * - where an example does not decode, or the event it decodes to is written today in a way that no example of its file
 *   shows: then either the code has changed what is stored without a new version, or the example is to be added;
 * - where a file is of a type or version that the journal no longer reads.
 *
 * With `AECOR_GOLDEN=write` in the environment the missing files are written instead. A file that is there is never
 * touched.
 *
 * @since 0.1.0
 */
import { describe, live } from "@effect/vitest"
import { fileURLToPath } from "node:url"
import type { EventFormat } from "../EventFormat.js"
import * as Golden from "./internal/goldenCheck.js"

/**
 * Where the files are: a folder that holds nothing else that ends in `.json`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly directory: string | URL
}

/**
 * Registers the tests: one for each type and version that a journal reads, and one for the files that are left over.
 *
 * @example
 * ```ts
 * GoldenEvents.suite(BookingJournal, { directory: new URL("golden", import.meta.url) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(journal: { readonly format: EventFormat<E> }, options: Options): void => {
  const { format } = journal
  const directory = typeof options.directory === "string" ? options.directory : fileURLToPath(options.directory)
  const golden = Golden.make(format, directory, process.env["AECOR_GOLDEN"] === "write")
  describe(`the stored events of ${format.journal}`, () => {
    for (const shape of format.shapes) {
      live(`${shape.type}, version ${shape.version}, is read as ever`, () => golden.check(shape))
    }
    live("no golden file is left over", () => golden.leftOver)
  })
}
