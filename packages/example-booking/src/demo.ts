/**
 * The main job: three nodes sell out a concert while one of them is killed and another joins; then everything is
 * checked. Ends with one line of JSON, and with a failed exit if any of its counts is not zero.
 */
import type { Lease } from "@aecor/core"
import { PgJournal, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Console, Data, Effect, Fiber, Layer, type Redacted, Schedule } from "effect"
import * as Checks from "./demo/checks.js"
import * as Clients from "./demo/clients.js"
import * as Watch from "./demo/watch.js"
import { BookingJournal } from "./domain/Booking.js"
import * as Fleet from "./run/fleet.js"
import * as Front from "./run/front.js"
import * as Nodes from "./run/nodes.js"
import * as Options from "./run/options.js"
import * as Program from "./run/program.js"
import * as Screen from "./run/screen.js"
import { BookingsView } from "./view/BookingsView.js"

const options = {
  nodes: Options.nodes(2, "nodes at the start; one is killed half way, and one more joins"),
  bookings: Options.integer("bookings to make at the least", { min: 10, max: 100_000 }, 3000),
  keep: Options.keep
}

/** How many clients act at once. */
const clients = 24

class DemoFailed extends Data.TaggedError("DemoFailed")<{ readonly message: string }> {}

const storage = (url: Redacted.Redacted) =>
  Layer.mergeAll(
    PgJournal.layer(BookingJournal, { table: "booking_event" }),
    PgViewStore.layer(BookingsView, { table: "bookings", key: "booking_id" }),
    PgProcessLease.layer
  ).pipe(Layer.provideMerge(PgClient.layer({ url, maxConnections: 6, applicationName: "demo" })))

const showPlacement = (nodes: ReadonlyArray<Nodes.Node>) =>
  Effect.gen(function* () {
    const placed = yield* Watch.awaitEven(
      nodes.map((node) => node.runner),
      "30 seconds"
    )
    for (const { counts, name } of placed) {
      yield* Screen.say(`  ${name}: ${nodes.map((node, i) => `${node.name} runs ${counts[i]}`).join(", ")}`)
    }
    return placed
  })

const sell = ({ bookings, keep, nodes: count }: Options.Values<typeof options>) =>
  Effect.gen(function* () {
    const { databaseUrl, nodes: first, sayLogs, start } = yield* Fleet.make({ nodes: count, keep })
    let nodes: ReadonlyArray<Nodes.Node> = first
    for (const node of nodes) yield* Screen.say(`  ${node.name} serves ${node.url}`)

    const scene = Effect.gen(function* () {
      yield* Checks.recordCommits
      yield* showPlacement(nodes)

      const sale = Clients.makeSale()
      const front = yield* Front.make(() => nodes)
      const sales = yield* Effect.fork(Clients.sellOut(sale, { bookings, clients, front }))
      yield* Screen.say(`selling concertA: ${clients} clients, ${bookings} bookings, 1500 seats`)
      const progress = Effect.suspend(() =>
        Screen.showProgress(
          `${Screen.bar(sale.accepted.size / bookings)} ${sale.accepted.size} bookings accepted, ` +
            `${sale.payments.size} paid${sale.looked ? `, ${sale.free.length} seats free` : ""}`
        )
      )
      const showing = yield* Effect.fork(Effect.repeat(progress, Schedule.spaced(Screen.progressInterval)))

      const half = Effect.suspend(() => (sale.accepted.size * 2 >= bookings ? Effect.void : Effect.fail("not yet")))
      yield* Effect.raceFirst(Effect.retry(half, Schedule.spaced("20 millis")), Fiber.join(sales))
      const victim = yield* Watch.busiest(first)
      yield* Screen.say(`killing ${victim.name} (kill -9 ${victim.pid}), and starting node-${count + 1}`)
      nodes = nodes.filter((node) => node !== victim)
      const joining = yield* start(count + 1)
      const tell = (rows: ReadonlyArray<Lease.ProcessRow>, afterMs: number) =>
        Screen.say(`  after ${afterMs} ms ${Watch.describe([...nodes, joining], rows)}`)
      const joined = yield* Effect.fork(Nodes.awaitReady(joining))
      const takeover = yield* Effect.timeoutFail(Watch.takeover(victim.runner, victim.kill, tell), {
        duration: "60 seconds",
        onTimeout: () => new DemoFailed({ message: `the processes of ${victim.name} were not taken over in a minute` })
      })
      yield* Screen.say(
        `the ${takeover.processes} processes of ${victim.name} run again; the last one after ${takeover.longestMs} ms`
      )
      yield* Fiber.join(joined)
      nodes = [...nodes, joining]
      yield* Screen.say(`${joining.name} has joined and serves ${joining.url}`)
      yield* Fiber.join(sales)
      yield* Fiber.interrupt(showing)
      yield* Screen.endProgress
      yield* Screen.say(
        `${sale.accepted.size} bookings accepted, ${sale.payments.size} paid, ${sale.free.length} seats free; ` +
          `${front.counts.repeated} requests were sent again because a node did not answer`
      )
      const placed = yield* showPlacement(nodes)
      yield* Screen.say("waiting for the last confirmations, then checking everything")
      yield* Checks.awaitQuiet("60 seconds")
      const { commits, figures } = yield* Checks.check(joining, sale.accepted, sale.payments)
      yield* Screen.say(`checked ${figures.events} events, ${figures.views} views and ${commits} fenced commits`)
      return {
        nodes: count + 1,
        requests: front.counts.requests,
        accepted: sale.accepted.size,
        ...figures,
        failoverMs: takeover.longestMs,
        spread: placed.map(({ counts }) => Watch.spreadOf(counts)),
        processes: Object.fromEntries(placed.map(({ counts, name }) => [name, counts]))
      }
    })
    const result = yield* Effect.provide(scene, storage(databaseUrl))
    yield* sayLogs
    return result
  }).pipe(Effect.scoped)

Program.main({
  command: "pnpm demo",
  options,
  more: { DATABASE_URL: "use this Postgres instead of an embedded one; the demo makes a database of its own in it" },
  run: (given) =>
    Effect.gen(function* () {
      const result = yield* sell(given)
      yield* Console.log(JSON.stringify({ demo: result }))
      const { lost, outOfOrder, seatsSoldTwice, staleWrites, twice } = result
      if (lost + twice + outOfOrder + seatsSoldTwice + staleWrites > 0) {
        return yield* new DemoFailed({ message: "a count that ought to be 0 is not" })
      }
    })
})
