// The page of the machinery: which node runs which process, what moves, and what happens to bookings.
import { byId, element, tell } from "./dom.js"
import { historyIn, logIn, timeOf, wordOf } from "./history.js"
import { connectionShownIn, listen } from "./live.js"
import { admitted } from "./operator.js"
import { refusedIn } from "./payments.js"
import { deploymentsIn, movesBetween, nodesIn } from "./processes.js"

/** @typedef {import("./processes.js").Deployment} Deployment */

await admitted()

const most = 30

let booking = decodeURIComponent(location.hash.slice(1))
let servedBy = ""
/** @type {ReadonlyArray<Deployment>} */
let deployments = []

const showNodes = nodesIn(byId("nodes", HTMLElement))
const showDeployments = deploymentsIn(byId("deployments", HTMLElement))
const addMove = logIn(byId("moves", HTMLElement), byId("no-moves", HTMLElement), most)
const addActivity = logIn(byId("activity", HTMLElement), byId("no-activity", HTMLElement), most)
const showHistory = historyIn(byId("history", HTMLElement), byId("no-history", HTMLElement))
const showRefused = refusedIn(byId("refused", HTMLElement), byId("no-refused", HTMLElement), (id) => followBooking(id))
const field = byId("booking-id", HTMLInputElement)

const show = () => showNodes(deployments, servedBy)

/** @type {ReadonlyArray<import("./processes.js").Lag>} */
let lags = []
const showAll = () =>
  showDeployments(deployments.map((one) => ({ ...one, lag: lags.find(({ name }) => name === one.name) })))

/** @param {ReadonlyArray<Deployment>} now */
const hearProcesses = (now) => {
  const moves = movesBetween(deployments, now)
  deployments = now
  show()
  showAll()
  for (const { from, name, processes, to } of moves) {
    const what = `${name} ${processes.join(", ")}`
    addMove(
      element("time", {}, timeOf(Date.now())),
      element("span", {}, what),
      element("span", { class: "way" }, `${from} → ${to}`)
    )
  }
  if (moves.length > 0) {
    const count = moves.reduce((sum, { processes }) => sum + processes.length, 0)
    tell(`${count} ${count === 1 ? "process has" : "processes have"} moved to another node.`)
  }
}

/** @param {ReadonlyArray<{ bookingId: string, sequence: number, at: number, type: string }>} events */
const hearActivity = (events) => {
  for (const { at, bookingId, type } of events) {
    const follow = element("button", { type: "button", class: "link", title: bookingId }, bookingId.slice(0, 8))
    follow.addEventListener("click", () => followBooking(bookingId))
    addActivity(element("time", {}, timeOf(at)), element("span", {}, wordOf(type)), follow)
  }
}

/** @param {string} id */
const followBooking = (id) => {
  booking = id
  field.value = id
  history.replaceState(null, "", id === "" ? location.pathname : `#${encodeURIComponent(id)}`)
  showHistory([])
  relisten()
}
byId("follow", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault()
  followBooking(field.value.trim())
})
addEventListener("hashchange", () => followBooking(decodeURIComponent(location.hash.slice(1))))

field.value = booking
const showConnection = connectionShownIn(byId("connection", HTMLElement), tell)
const relisten = listen(
  () => (booking === "" ? "/live/machinery" : `/live/machinery?booking=${encodeURIComponent(booking)}`),
  {
    processes: hearProcesses,
    lag: (now) => {
      lags = now
      showAll()
    },
    refused: showRefused,
    activity: hearActivity,
    history: ({ events }) => showHistory(events)
  },
  (state, node) => {
    servedBy = node ?? ""
    showConnection(state, node)
    show()
    if (state === "lost") void admitted()
  }
)
