// Deployments and their processes, and the nodes that run them.
import { element, keyed } from "./dom.js"

/**
 * @typedef {{
 *   readonly index: number, readonly runner: string | null, readonly actual: string, readonly desired: boolean,
 *   readonly epoch: number, readonly starts: number, readonly lastError: string | null
 * }} Process
 */
/**
 * `lag` is what its projection has not handled yet, where it is one and that is known: so many events, of which the first
 * has been waiting for so many seconds; and how many bookings it has set aside.
 *
 * @typedef {{ readonly name: string, readonly events: number, readonly seconds: number, readonly quarantined: number }} Lag
 * @typedef {{ readonly name: string, readonly processes: ReadonlyArray<Process>, readonly lag?: Lag | undefined }} Deployment
 */

/** @param {Lag | undefined} lag */
const lagWords = (lag) => {
  if (lag === undefined) return ""
  const { events, quarantined, seconds } = lag
  const left = `${events.toLocaleString("en")} ${events === 1 ? "event" : "events"} behind, for ${seconds} s`
  const aside = quarantined === 0 ? "" : `, ${quarantined} set aside`
  return (events === 0 ? "all events handled" : left) + aside
}

/** Each node that was ever seen has a letter, and a colour by its number. @type {Map<string, number>} */
const known = new Map()
/** @param {string} runner */
const numberOf = (runner) => {
  const number = known.get(runner) ?? known.size
  known.set(runner, number)
  return number
}
/** @param {string} runner */
const letterOf = (runner) => String.fromCharCode(65 + (numberOf(runner) % 26))
const colours = 6

/** @param {string} runner */
const badge = (runner) =>
  element("span", { class: "badge", "data-node": numberOf(runner) % colours, "aria-hidden": "true" }, letterOf(runner))

/** @param {ReadonlyArray<Deployment>} deployments */
const runnersOf = (deployments) =>
  [...new Set(deployments.flatMap(({ processes }) => processes.flatMap(({ runner }) => runner ?? [])))].toSorted()

/** Shows the nodes that run anything. @param {HTMLElement} list */
export const nodesIn = (list) => {
  /** @typedef {{ readonly runner: string, readonly counts: ReadonlyArray<string>, readonly serves: boolean }} Node */
  const show = keyed(
    list,
    (/** @type {Node} */ { runner }) => runner,
    ({ runner }) => {
      const counts = element("p", { class: "counts" })
      const serves = element("p", { class: "serves" }, "serves this page")
      return {
        element: element(
          "li",
          { class: "card node", "data-runner": runner },
          element("h3", {}, badge(runner), runner),
          counts,
          serves
        ),
        update: (now) => {
          counts.textContent = now.counts.join(" · ")
          serves.hidden = !now.serves
        }
      }
    }
  )
  return (/** @type {ReadonlyArray<Deployment>} */ deployments, /** @type {string} */ servedBy) =>
    show(
      runnersOf(deployments).map((runner) => ({
        runner,
        serves: runner === servedBy,
        counts: deployments.flatMap(({ name, processes }) => {
          const count = processes.filter((process) => process.runner === runner).length
          return count === 0 ? [] : [`${name} ${count}`]
        })
      }))
    )
}

/** @param {Process} process */
const description = ({ actual, epoch, index, lastError, runner, starts }) =>
  [
    `process ${index}: ${actual}`,
    runner === null ? undefined : `on ${runner}`,
    `epoch ${epoch}`,
    starts > 1 ? `started ${starts} times there` : undefined,
    lastError === null ? undefined : `last error: ${lastError}`
  ]
    .filter((part) => part !== undefined)
    .join(", ")

/** @param {HTMLElement} place */
export const deploymentsIn = (place) =>
  keyed(
    place,
    (/** @type {Deployment} */ { name }) => name,
    ({ name }) => {
      const running = element("span", { class: "running" })
      const behind = element("p", { class: "lag" })
      const list = element("ul", { class: "processes", "aria-label": `Processes of ${name}` })
      const showProcesses = keyed(
        list,
        (/** @type {Process} */ { index }) => String(index),
        ({ index }) => {
          const words = element("span", { class: "unseen" })
          const cell = element(
            "li",
            { class: "process" },
            element("span", { "aria-hidden": "true" }, String(index)),
            words
          )
          return {
            element: cell,
            update: (process) => {
              const text = description(process)
              if (words.textContent === text) return
              words.textContent = text
              cell.title = text
              cell.dataset["actual"] = process.actual
              if (process.runner === null) delete cell.dataset["node"]
              else cell.dataset["node"] = String(numberOf(process.runner) % colours)
              if (process.runner === null) delete cell.dataset["letter"]
              else cell.dataset["letter"] = letterOf(process.runner)
            }
          }
        }
      )
      return {
        element: element("div", { class: "card deployment" }, element("h3", {}, name, running), list, behind),
        update: ({ lag, processes }) => {
          const count = processes.filter(({ actual }) => actual === "Running").length
          running.textContent = `${count} of ${processes.length} run`
          behind.textContent = lagWords(lag)
          behind.dataset["behind"] = String(lag !== undefined && lag.events + lag.quarantined > 0)
          showProcesses(processes)
        }
      }
    }
  )

/**
 * Which processes run on another node than before, together where they went the same way.
 *
 * @param {ReadonlyArray<Deployment>} before
 * @param {ReadonlyArray<Deployment>} now
 */
export const movesBetween = (before, now) => {
  /** @type {Map<string, { name: string, from: string, to: string, processes: Array<number> }>} */
  const moves = new Map()
  for (const { name, processes } of now) {
    const old = before.find((one) => one.name === name)?.processes ?? []
    for (const { index, runner } of processes) {
      const last = old.find((one) => one.index === index)
      const from = last === undefined ? undefined : (last.runner ?? lastRunner.get(`${name}/${index}`))
      if (runner !== null) lastRunner.set(`${name}/${index}`, runner)
      if (from === undefined || runner === null || from === runner) continue
      const key = JSON.stringify([name, from, runner])
      const move = moves.get(key) ?? { name, from, to: runner, processes: [] }
      move.processes.push(index)
      moves.set(key, move)
    }
  }
  return [...moves.values()]
}

/** Where a process ran when it ran last: between two nodes it runs nowhere. @type {Map<string, string>} */
const lastRunner = new Map()
