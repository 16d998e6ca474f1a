/** What nodes and operator tell, counted. */
import { print } from "../run/screen.js"
import type { Told } from "./messages.js"
import type { Report } from "./reader.js"

/** Counts that are to be 0. */
const none = {
  /** Rows that had been shown and were not there, or went back to a lower version, or were below what had been promised. */
  vanished: 0,
  backwards: 0,
  lied: 0,
  /** Queries and receipts that failed, and steps that were cut off, where no fault could be the reason. */
  failed: 0,
  /** Rows that differ between two versions at one version of the row. */
  differing: 0,
  /** Swaps that were refused to a version that was not behind. */
  wronglyRefused: 0,
  /** Swaps that took far longer than they may. */
  stuck: 0
}
export type Wrong = typeof none

/** A swap holds up nobody longer than its patience; the rest is for a machine that does something else. */
const longestSwap = 30_000

/** At most so many lines about what is wrong. */
const mostTold = 20

interface Swap {
  readonly since: number
  readonly until: number
  readonly calm: boolean
}

type Query = Report["queries"][number]

/** The longest of the queries that were on their way while a swap was, in milliseconds. */
const longestDuring = (
  swaps: ReadonlyArray<Pick<Swap, "since" | "until">>,
  queries: ReadonlyArray<Query>
): number | undefined =>
  queries
    .filter(([at, millis]) => swaps.some(({ since, until }) => at <= until && at + millis >= since))
    .reduce<number | undefined>((longest, [, millis]) => Math.max(longest ?? 0, millis), undefined)

export const make = () => {
  const wrong = { ...none }
  const counts = {
    queries: 0,
    promises: 0,
    unanswered: 0,
    swaps: 0,
    refused: 0,
    verified: 0,
    renewed: 0,
    rounds: 0,
    cutOff: 0
  }
  const swaps: Array<Swap> = []
  const queries: Array<Query> = []
  /** When a node's last query was asked that was answered, and when it last told that receipts were vouched for. */
  const heard = new Map<string, number>()
  const vouched = new Map<string, number>()
  let calm = false
  let told = 0
  const complain = (line: string) => {
    told += 1
    if (told <= mostTold) print(`  ${line}`)
  }
  const took = ({ since, until }: Pick<Swap, "since" | "until">) => {
    if (until - since > longestSwap) wrong.stuck += 1
  }

  return {
    wrong,
    counts,
    /** Of some nodes those that since a moment have answered no query, or vouched for no receipt. */
    silent: (nodes: ReadonlyArray<string>, since: number): ReadonlyArray<string> =>
      nodes.filter((node) => [heard, vouched].some((last) => (last.get(node) ?? 0) < since)),
    /** From now on nothing is done to anybody. */
    calmed: () => void (calm = true),

    onReport: (node: string, report: Report, at = Date.now()): void => {
      for (const kind of ["vanished", "backwards", "lied", "failed"] as const) wrong[kind] += report[kind]
      counts.queries += report.queries.length
      counts.promises += report.promises
      counts.unanswered += report.unanswered
      for (const query of report.queries) queries.push(query)
      const last = report.queries.at(-1)
      if (last !== undefined) heard.set(node, last[0])
      if (report.promises > 0) vouched.set(node, at)
      for (const line of report.told) complain(`${node}: ${line}`)
    },

    onTold: (message: Told): void => {
      switch (message._tag) {
        case "Filled":
          return
        case "Verified":
          counts.verified += 1
          wrong.differing += message.differing
          for (const sample of message.samples) complain(`the versions differ: ${JSON.stringify(sample)}`)
          return
        case "Swapped":
          counts.swaps += 1
          swaps.push({ ...message, calm })
          return took(message)
        case "Refused":
          counts.refused += 1
          if (!message.isRight) {
            wrong.wronglyRefused += 1
            complain(message.message)
          }
          return took(message)
        case "Renewed":
          counts.renewed += 1
          return
        case "Round":
          counts.rounds += 1
          return
        case "CutOff":
          counts.cutOff += 1
          if (message.byFault) return
          wrong.failed += 1
          complain(`the operator: ${message.message}`)
      }
    },

    /** The longest query during a swap, while nothing else happened, and whatever happened. */
    pauseMs: () => ({
      calm: Math.round(
        longestDuring(
          swaps.filter((swap) => swap.calm),
          queries
        ) ?? 0
      ),
      underFaults: Math.round(
        longestDuring(
          swaps.filter((swap) => !swap.calm),
          queries
        ) ?? 0
      )
    })
  }
}

export type Tally = ReturnType<typeof make>
