/** Emmett's event store, in a process of its own. */
import { serve } from "../../run/Worker.js"
import { metadata, plain } from "../BookingEvent.js"
import { dumbo, emmett, storeOn } from "../EmmettModules.js"
import { using } from "../Pool.js"
import * as Timed from "../Timed.js"
import { byPromises, type Cell, slice } from "../Writing.js"

const messages = (first: number, count: number) =>
  slice(plain, first, count).map((data) => ({ type: data._tag, data, metadata }))

const pageSize = 1000

const tasks = {
  migrate: (url: string): Promise<void> =>
    using(url, 1, async (pool) => void (await storeOn(url, pool).schema.migrate())),

  append: ({ cell, url }: { readonly cell: Cell; readonly url: string }) =>
    using(url, cell.writers, (pool) => {
      const store = storeOn(url, pool)
      return byPromises(cell, ({ expected, first, key }) =>
        store.appendToStream(key, messages(first, cell.perAppend), { expectedStreamVersion: BigInt(expected) })
      )
    }),

  /**
   * Fills keys, each with one append, one after the other: where appends overlap, pages of its log overlap or leave
   * events out, and no two runs would read the same.
   */
  fill: ({
    keys,
    length,
    url
  }: {
    readonly url: string
    readonly keys: ReadonlyArray<string>
    readonly length: number
  }) =>
    using(url, 1, async (pool): Promise<void> => {
      const store = storeOn(url, pool)
      for (const [n, key] of keys.entries()) {
        await store.appendToStream(key, messages(n * 7, length), { expectedStreamVersion: 0n })
      }
    }),

  /** Reads keys one after the other. */
  readKeys: ({ keys, url }: { readonly url: string; readonly keys: ReadonlyArray<string> }) =>
    using(url, 1, (pool) => {
      const store = storeOn(url, pool)
      return Timed.promise(async () => {
        let events = 0
        for (const key of keys) events += (await store.readStream(key)).events.length
        return events
      })
    }),

  /** Reads everything, as its consumers do: by pages, in the order of its log. */
  readAll: (url: string) =>
    using(url, 1, (pool) => {
      const { execute } = dumbo.dumbo({ connectionString: url, pool })
      return Timed.promise(async () => {
        let events = 0
        let after = 0n
        while (true) {
          const page = await emmett.readMessagesBatch(execute, { after, batchSize: pageSize })
          events += page.messages.length
          after = page.currentGlobalPosition
          if (!page.areMessagesLeft) return events
        }
      })
    })
}

export type Emmett = typeof tasks

serve(tasks)
