// Listens to one of the service's live answers, whichever node gives it.
//
// A node that dies breaks the connection, one that freezes falls silent, one that leaves says so: in each case the page
// connects again, at the address that it came from, where another node answers. What it hears then begins with the
// whole. While nobody can see the page it does not listen: browsers allow few connections.

/** How long nothing may be heard, in milliseconds, until the node has said how often it beats. */
const firstSilence = 15_000

/** When to connect again after so many failures, in milliseconds: spread, so that not all come at once. */
const delayAfter = (/** @type {number} */ failures) => Math.min(5000, 150 * 2 ** failures) * (0.5 + Math.random())

/**
 * @param {() => string} address where to listen now
 * @param {Record<string, (data: any) => void>} on what to do about each event
 * @param {(state: "live" | "lost", node?: string) => void} show
 * @returns {() => void} listens anew, at what is the address now
 */
export const listen = (address, on, show) => {
  /** @type {EventSource | undefined} */
  let source
  let watchdog = 0
  let retry = 0
  let silence = firstSilence
  let failures = 0

  const drop = () => {
    source?.close()
    source = undefined
    clearTimeout(watchdog)
    clearTimeout(retry)
  }
  const again = (/** @type {number} */ delay) => {
    drop()
    show("lost")
    retry = setTimeout(connect, delay)
  }
  const fail = () => again(delayAfter(failures++))
  const heard = () => {
    clearTimeout(watchdog)
    watchdog = setTimeout(fail, silence)
  }
  const connect = () => {
    drop()
    const connecting = new EventSource(address())
    source = connecting
    /** @param {string} event @param {(data: any) => void} act */
    const handle = (event, act) =>
      connecting.addEventListener(event, ({ data }) => {
        if (source !== connecting) return
        heard()
        act(JSON.parse(data))
      })
    heard()
    connecting.addEventListener("error", fail)
    handle("hello", ({ beatInterval, node }) => {
      silence = 3 * beatInterval
      show("live", node)
    })
    handle("beat", () => (failures = 0))
    handle("leaving", () => again(Math.random() * 300))
    for (const [event, act] of Object.entries(on)) handle(event, act)
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? drop() : connect()))
  if (!document.hidden) connect()
  return () => {
    failures = 0
    connect()
  }
}

/**
 * Shows in the page's head whether it is live, and by which node. A moment without a node is not worth a word.
 *
 * @param {HTMLElement} place
 * @param {(text: string) => void} announce
 * @returns {(state: "live" | "lost", node?: string) => void}
 */
export const connectionShownIn = (place, announce) => {
  let late = 0
  let told = false
  return (state, node) => {
    clearTimeout(late)
    if (state === "live") {
      place.dataset["state"] = "live"
      place.textContent = `Live from ${node}`
      if (told) announce("The page is live again.")
      told = false
      return
    }
    place.dataset["state"] = "lost"
    place.textContent = "Reconnecting …"
    late = setTimeout(() => {
      told = true
      announce("The connection is lost. The page goes on by itself as soon as a node answers.")
    }, 5000)
  }
}
