/** What there is to tell of a sale that is over: for people, and what is wrong with it. */
import { Array as Arr, Option, Record } from "effect"
import * as Invariants from "../run/invariants.js"
import type { Evidence } from "./Evidence.js"
import * as Latency from "./Latency.js"
import type { Sale } from "./Sale.js"

/** The checks. All of it is 0 where the service is right. */
export const wrong = ({ bookings, payments }: Pick<Sale, "bookings" | "payments">, evidence: Evidence) => {
  const { lost, twice } = Invariants.paymentsWrong(payments, evidence.payments, evidence.histories)
  const isWrong = (key: string) => {
    const row = evidence.rows.get(key) ?? Option.none()
    return Option.isNone(row) || !Invariants.isFoldOf(row, evidence.histories.get(key) ?? [])
  }
  return {
    seatsSoldTwice: Invariants.seatsSoldTwice(evidence.histories),
    paymentsLost: lost + twice,
    viewsWrong: bookings.filter(({ bookingId }) => isWrong(bookingId)).length
  }
}

/** So many of each, the most first. */
const tally = (names: ReadonlyArray<string>): string =>
  Record.toEntries(Arr.groupBy(names, (name) => name))
    .toSorted(([_, one], [__, other]) => other.length - one.length)
    .map(([name, all]) => `${all.length} ${name}`)
    .join(", ")

interface Run {
  readonly seconds: number
  /** Requests that were sent again because a node did not answer. */
  readonly repeated: number
  /** What the processors of the nodes did meanwhile, in milliseconds. */
  readonly cpu: number | undefined
}

export const lines = (sale: Sale, evidence: Evidence, { cpu, repeated, seconds }: Run): ReadonlyArray<string> => {
  const commands = sale.commands.count()
  const rows = [...evidence.rows.values()].flatMap(Option.toArray)
  const payments = [...evidence.payments.values()]
  const reasons = payments.flatMap(({ reason }) => Option.toArray(reason)).map((reason) => reason.split(":")[0] ?? "")
  const refused = [...sale.refusals].map(([name, count]) => `${count} ${name}`)
  return [
    `${commands} commands in ${seconds.toFixed(1)} s; answered after ${Latency.text(sale.commands)}`,
    `${sale.views.count()} of them looked for in the view; shown after ${Latency.text(sale.views)}`,
    `${rows.length} bookings: ${tally(rows.map(({ status }) => status))}`,
    `${payments.length} payments: ${tally(payments.map(({ state }) => state))}`,
    ...(reasons.length > 0 ? [`  refused because of ${tally(reasons)}`] : []),
    ...(refused.length > 0 ? [`commands refused: ${refused.join(", ")}`] : []),
    ...(repeated > 0 ? [`${repeated} requests were sent again because a node did not answer`] : []),
    ...(cpu === undefined ? [] : [`the nodes' processors: ${(cpu / commands).toFixed(2)} ms a command`])
  ]
}
