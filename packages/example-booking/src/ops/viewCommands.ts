/** Commands about views: how far they are, what is wrong with them, how they are folded anew and swapped. */
import { PgJournal, PgViewAliases } from "@aecor/journal-pg"
import { AsOf, Lag, type Projection, Replay, SideBySide } from "@aecor/projection"
import { Duration, Effect, Option, Stream } from "effect"
import { UsageError } from "../commandLine.js"
import { Booking, BookingJournal } from "../domain/Booking.js"
import { journal } from "../postgres.js"
import { Bookings } from "../view/Bookings.js"
import { bookingConfirmation } from "../process/BookingConfirmation.js"
import { bookingRelease } from "../process/BookingRelease.js"
import { bookingView } from "../view/BookingsView.js"
import { nextBookingView } from "../view/NextBookingsView.js"
import { type Arguments, integer, moment, named } from "./Arguments.js"
import { type Answer, type Command, told } from "./Command.js"
import type { Bar } from "./Terminal.js"

/** What can be done with a view, whatever its rows are. */
const operations = <JS, E extends { readonly _tag: string }, VS, V>(view: Projection.ViewProjection<JS, E, VS, V>) => ({
  name: view.name,
  inPlace: (selection: Replay.Selection, options: Replay.Options) => Replay.inPlace(view, selection, options),
  dryRun: (selection: Replay.Selection, options: Replay.WalkOptions) => Replay.dryRun(view, selection, options),
  caughtUp: (show: (progress: SideBySide.CatchUp) => Effect.Effect<void>) =>
    Stream.runLast(Stream.tap(SideBySide.progress(view), show)),
  lag: Lag.of(BookingJournal, view),
  aside: view.quarantine.entries,
  retry: view.quarantine.retry,
  asOf: (key: string, at: AsOf.At) => AsOf.row(view, key, at)
})
const views = [operations(bookingView), operations(nextBookingView)]

/** Whatever reads the journal, and how far it is: views, and handlers, which have offsets of their own. */
const consumers = [
  ...views,
  ...[bookingConfirmation, bookingRelease].map(({ name, offsets, quarantine }) => ({
    name,
    lag: Lag.of(BookingJournal, { name, offsets, quarantine }),
    aside: quarantine.entries
  }))
]

const selectionOf = ({ values }: Arguments): Effect.Effect<Replay.Selection, UsageError> => {
  const { after, from, key, since, to } = values
  const ways = [after, since, key, from ?? to].filter((one) => one !== undefined).length
  if (ways > 1) return new UsageError({ message: "only one of --after, --since, --key, and --from with --to" })
  if (after !== undefined) return Effect.map(integer("--after", after, 0), (offset) => ({ after: offset }))
  if (since !== undefined) return Effect.map(moment("--since", since), (time) => ({ since: time }))
  if (key !== undefined) return Effect.succeed({ key })
  if (from !== undefined && to !== undefined) return Effect.succeed({ from, to })
  return ways === 0 ? Effect.succeed("all") : new UsageError({ message: "--from and --to go together" })
}

const walkOptions = (bar: Bar): Replay.WalkOptions => ({
  onProgress: ({ events, ...progress }) => bar.show({ what: `${events} events`, ...progress })
})

const replay = {
  name: "replay",
  usage: "replay VIEW [--after N | --since TIME | --key K | --from K --to K] [--dry-run] [--fingerprint F]",
  does: "folds keys anew, in place; --dry-run only tells what would change: 3 where anything would, or failed",
  asks: ({ values, words: [view] }: Arguments) =>
    values["dry-run"] === true ? undefined : `${view} will stand still while its rows are replaced. Replay it?`,
  run: (args: Arguments, bar: Bar) =>
    Effect.gen(function* () {
      const view = yield* named("VIEW", views, args.words[0])
      const selection = yield* selectionOf(args)
      if (args.values["dry-run"] === true) return foundBy(yield* view.dryRun(selection, walkOptions(bar)))
      const { fingerprint } = args.values
      const options = { ...walkOptions(bar), ...(fingerprint === undefined ? {} : { fingerprint }) }
      const report = yield* view.inPlace(selection, options)
      return { value: report, isRight: report.failed === 0 }
    })
} satisfies Command<unknown, unknown>

const foundBy = (found: Replay.Findings): Answer => ({ value: found, isRight: found.samples.length === 0 })

/** How far a view is, until it has come to the end or, once, as it is now. */
const progress = {
  name: "progress",
  usage: "progress VIEW",
  does: "waits until a view has come to the end of the journal, and shows how far it is",
  run: ({ words }: Arguments, bar: Bar) =>
    Effect.gen(function* () {
      const view = yield* named("VIEW", views, words[0])
      const last = yield* view.caughtUp(({ done, left, perSecond, total }) =>
        bar.show({ what: `${done} of ${total} events`, part: total === 0 ? 1 : done / total, perSecond, left })
      )
      return told({ view: view.name, ...Option.getOrThrow(last) })
    })
} satisfies Command<unknown, unknown>

const lag = {
  name: "lag",
  usage: "lag",
  does: "how many events each view and handler is behind, for how many seconds, and how many keys it has set aside",
  run: () =>
    Effect.gen(function* () {
      const found = []
      for (const consumer of consumers) {
        const { events, partitions, quarantined, seconds } = yield* consumer.lag
        const behind = partitions.filter((one) => one.events > 0).length
        found.push({ projection: consumer.name, events, seconds, partitions: behind, quarantined })
      }
      return told(found)
    })
} satisfies Command<unknown, unknown>

const quarantine = {
  name: "quarantine",
  usage: "quarantine list [PROJECTION] | quarantine retry VIEW [KEY]",
  does: "the keys that were set aside, and why; tries those of a view again, or one: 3 where any waits still",
  run: ({ words: [what, name, key] }: Arguments) =>
    Effect.gen(function* () {
      if (what === "retry") {
        const view = yield* named("VIEW", views, name)
        const tried = yield* view.retry(key)
        return {
          value: tried.map(({ entry, outcome }) => ({ key: entry.key, outcome, cause: entry.cause })),
          isRight: tried.every(({ outcome }) => outcome === "Ended")
        }
      }
      if (what !== "list") return yield* new UsageError({ message: "quarantine list, or quarantine retry?" })
      const found = []
      for (const one of name === undefined ? consumers : [yield* named("PROJECTION", consumers, name)]) {
        for (const { consumer, since, ...entry } of yield* one.aside) {
          found.push({
            projection: one.name,
            partition: consumer.tag.partition,
            ...entry,
            since: new Date(since).toISOString()
          })
        }
      }
      return { value: found, isRight: found.length === 0 }
    })
} satisfies Command<unknown, unknown>

const verified = ({ values: { patience } }: Arguments, bar: Bar) =>
  Effect.gen(function* () {
    const seconds = patience === undefined ? 30 : yield* integer("--patience", patience, 0)
    const found = yield* SideBySide.verify(bookingView, nextBookingView, {
      patience: Duration.seconds(seconds),
      onPage: (rows) => bar.show({ what: `${rows} rows compared`, part: 0 })
    })
    const { different, extra, missing, unsettled } = found
    return { value: found, isRight: different + extra + missing + unsettled === 0 }
  })

const verify = {
  name: "verify",
  usage: "verify [--patience SECONDS]",
  does: `compares ${nextBookingView.name} with ${bookingView.name}, row by row; 3 where they are not the same`,
  run: verified
} satisfies Command<unknown, unknown>

const swap = {
  name: "swap",
  usage: "swap VIEW [--unverified]",
  does: "verifies, and makes a version of the view serve; 3 where it shows less, or something else",
  asks: ({ words: [view] }: Arguments) => `Queries will be answered by ${view}. Swap?`,
  run: (args: Arguments, bar: Bar) =>
    Effect.gen(function* () {
      const { name } = yield* named("VIEW", views, args.words[0])
      const bookings = yield* Bookings
      if (args.values.unverified !== true) {
        const found = yield* verified(args, bar)
        if (!found.isRight) return found
      }
      return yield* bookings.swap(name).pipe(
        Effect.map(told),
        Effect.catchTag("SwapRefused", ({ behind, message, quarantined }) =>
          Effect.succeed({ value: { refused: message, behind, quarantined }, isRight: false })
        )
      )
    }).pipe(Effect.provide(Bookings.layer))
} satisfies Command<unknown, unknown>

const tables: { readonly [version: string]: string } = {
  [bookingView.name]: "bookings",
  [nextBookingView.name]: "bookings_2"
}

const drop = {
  name: "drop",
  usage: "drop VIEW",
  does: "deletes all that a version of the view has stored; 3 where it serves, or is not stopped",
  asks: ({ words: [view] }: Arguments) =>
    `All rows of ${view} will be deleted, and it begins anew if it is resumed. Drop it?`,
  run: ({ words }: Arguments) =>
    Effect.gen(function* () {
      const { name: version } = yield* named("VIEW", views, words[0])
      const asked = { version, initial: bookingView.name, table: tables[version] ?? "" }
      return yield* PgViewAliases.drop(Bookings.label, asked).pipe(
        Effect.map(told),
        Effect.catchTag("DropRefused", ({ message, reason }) =>
          Effect.succeed({ value: { refused: message, reason }, isRight: false })
        )
      )
    })
} satisfies Command<unknown, unknown>

const serving = {
  name: "serving",
  usage: "serving",
  does: "which version of the view serves",
  run: () =>
    Effect.flatMap(Bookings, (bookings) => Effect.map(bookings.serving, (name) => told({ serving: name }))).pipe(
      Effect.provide(Bookings.layer)
    )
} satisfies Command<unknown, unknown>

const asOf = {
  name: "as-of",
  usage: "as-of BOOKING (--position N | --time TIME)",
  does: "the row and the state of a booking as they were",
  run: ({ values: { position, time }, words: [key] }: Arguments) =>
    Effect.gen(function* () {
      if (key === undefined) return yield* new UsageError({ message: "as-of which booking?" })
      const at = yield* time === undefined
        ? Effect.map(integer("--position", position, 0), (offset) => ({ position: offset }))
        : Effect.map(moment("--time", time), (one) => ({ time: one }))
      const row = yield* AsOf.row(bookingView, key, at)
      return told({ row, ...(yield* AsOf.state(Booking, BookingJournal, key, at)) })
    })
} satisfies Command<unknown, unknown>

const audit = {
  name: "audit",
  usage: "audit",
  does: "proves the journal, and the view that serves against it; 3 where anything is wrong",
  run: (_: Arguments, bar: Bar) =>
    Effect.gen(function* () {
      const { offences, ...checked } = yield* PgJournal.audit(BookingJournal, journal)
      const served = yield* Effect.flatMap(Bookings, ({ serving: name }) => name)
      const view = yield* named("VIEW", views, served)
      const found = yield* view.dryRun("all", walkOptions(bar))
      return {
        value: { journal: checked, offences, view: view.name, ...found },
        isRight: offences.length === 0 && found.samples.length === 0
      }
    }).pipe(Effect.provide(Bookings.layer))
} satisfies Command<unknown, unknown>

export const viewCommands = [replay, progress, lag, quarantine, verify, swap, drop, serving, asOf, audit] as const
