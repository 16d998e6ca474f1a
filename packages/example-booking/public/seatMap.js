// The seat map: a grid of 1,500 buttons with one stop for the Tab key. The arrow keys move in it.
import { element } from "./dom.js"

/** @typedef {{ readonly row: number, readonly number: number }} Seat */
/** @typedef {{ readonly row: number, readonly price: string, readonly seats: string }} Row as the node tells it */
/** @typedef {"free" | "taken" | "chosen" | "mine"} State */
/** @typedef {{ readonly seat: Seat, readonly price: string, readonly button: HTMLElement, taken: boolean }} Cell */

/** @param {Seat} seat */
export const keyOf = ({ number, row }) => `${row}/${number}`
/** @param {Seat} seat */
export const labelOf = ({ number, row }) => `row ${row}, seat ${number}`

const words = { free: "free", taken: "taken", chosen: "chosen", mine: "yours" }

/** How far each key goes, as rows and seats. @type {Readonly<Record<string, readonly [number, number]>>} */
const moves = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-5, 0],
  PageDown: [5, 0],
  Home: [0, -Infinity],
  End: [0, Infinity]
}

const clamp = (/** @type {number} */ value, /** @type {number} */ most) => Math.max(0, Math.min(most, value))

/**
 * @param {HTMLElement} grid
 * @param {(seat: Seat, price: string, taken: boolean) => void} onPress
 */
export const makeSeatMap = (grid, onPress) => {
  /** The cells by row, in the order of the map. @type {ReadonlyArray<ReadonlyArray<Cell>>} */
  let rows = []
  /** @type {ReadonlyMap<string, Cell>} */
  let cells = new Map()
  /** Which seats there are and at what price: where that is the same, only states change. */
  let shape = ""
  /** @type {ReadonlySet<string>} */
  let chosen = new Set()
  /** @type {ReadonlySet<string>} */
  let mine = new Set()
  /** The cell that the Tab key comes to. @type {HTMLElement | undefined} */
  let stop

  /** @param {Cell} cell @returns {State} */
  const stateOf = ({ seat, taken }) => {
    const key = keyOf(seat)
    if (mine.has(key)) return "mine"
    if (taken) return "taken"
    return chosen.has(key) ? "chosen" : "free"
  }
  /** @param {Cell} cell */
  const show = (cell) => {
    const { button, price, seat } = cell
    const state = stateOf(cell)
    if (button.dataset["state"] === state) return
    button.classList.toggle("fresh", button.dataset["state"] !== undefined && state === "taken")
    button.dataset["state"] = state
    button.setAttribute("aria-selected", String(state === "chosen"))
    button.setAttribute("aria-disabled", String(state === "taken" || state === "mine"))
    button.setAttribute("aria-label", `${labelOf(seat)}, ${price}, ${words[state]}`)
  }
  const showAll = () => cells.forEach(show)

  /** @param {HTMLElement} button */
  const stopAt = (button) => {
    if (stop !== undefined) stop.tabIndex = -1
    stop = button
    stop.tabIndex = 0
  }

  /** @param {ReadonlyArray<Row>} map */
  const build = (map) => {
    const prices = [...new Set(map.map(({ price }) => price))]
    rows = map.map(({ price, row, seats }) =>
      [...seats].flatMap((character, i) => {
        if (character === " ") return []
        const button = element("button", {
          type: "button",
          role: "gridcell",
          tabindex: -1,
          class: "seat",
          "data-seat": keyOf({ row, number: i + 1 }),
          "aria-colindex": i + 2
        })
        return [{ seat: { row, number: i + 1 }, price, button, taken: false }]
      })
    )
    cells = new Map(rows.flat().map((cell) => [keyOf(cell.seat), cell]))
    const width = Math.max(0, ...map.map(({ seats }) => seats.length))
    grid.style.setProperty("--width", String(width))
    grid.setAttribute("aria-rowcount", String(map.length))
    grid.setAttribute("aria-colcount", String(width + 1))
    grid.replaceChildren(
      ...map.map(({ price, row }, i) => {
        const name = element("span", { role: "rowheader", class: "row-name", "aria-colindex": 1 }, String(row))
        const tier = prices.indexOf(price) + 1
        const of = { role: "row", class: "row", "aria-rowindex": i + 1, "data-tier": tier }
        const seats = rows[i]?.map(({ button }) => button) ?? []
        const middle = Math.ceil(width / 2)
        seats[middle]?.classList.add("after-aisle")
        return element("div", of, name, ...seats)
      })
    )
    const first = rows[0]?.[Math.floor(width / 2)]
    if (first === undefined) return
    stopAt(first.button)
    // a hall that is wider than the screen is seen from its middle, where the stage is
    const view = grid.parentElement
    if (view !== null) view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2
  }

  const placeOf = (/** @type {EventTarget | null} */ target) => {
    for (const [at, row] of rows.entries()) {
      const number = row.findIndex(({ button }) => button === target)
      if (number >= 0) return { at, number, cell: row[number] }
    }
    return undefined
  }
  grid.addEventListener("keydown", (event) => {
    const move = moves[event.key]
    const here = placeOf(event.target)
    if (move === undefined || here === undefined || event.altKey || event.metaKey) return
    event.preventDefault()
    const [down, right] = move
    const far = event.ctrlKey && Math.abs(right) === Infinity
    const row = rows[far ? (right < 0 ? 0 : rows.length - 1) : clamp(here.at + down, rows.length - 1)]
    const next = row?.[clamp(here.number + right, row.length - 1)]
    if (next === undefined) return
    stopAt(next.button)
    next.button.focus()
  })
  grid.addEventListener("click", ({ target }) => {
    const here = placeOf(target)
    if (here?.cell === undefined) return
    stopAt(here.cell.button)
    onPress(here.cell.seat, here.cell.price, here.cell.taken)
  })

  return {
    /** Shows another map. Where it has other seats, all of it is new. @param {ReadonlyArray<Row>} map */
    update: (map) => {
      const now = JSON.stringify(map.map(({ price, row, seats }) => [row, price, seats.replaceAll("x", ".")]))
      if (now !== shape) build(map)
      shape = now
      map.forEach(({ seats }, i) => rows[i]?.forEach((cell) => (cell.taken = seats[cell.seat.number - 1] === "x")))
      showAll()
    },
    /** @param {ReadonlySet<string>} theChosen @param {ReadonlySet<string>} theMine */
    mark: (theChosen, theMine) => {
      chosen = theChosen
      mine = theMine
      showAll()
    },
    /** All cells, by row. */
    rows: () => rows,
    cell: (/** @type {string} */ key) => cells.get(key),
    /** Brings a seat into view. @param {Seat} seat */
    reveal: (seat) =>
      cells.get(keyOf(seat))?.button.scrollIntoView({ block: "nearest", inline: "center", behavior: "smooth" })
  }
}
