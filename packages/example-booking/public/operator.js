// Operators show their token in a cookie: a page that listens can send no header of its own.
import { byId } from "./dom.js"

/** What the node says of who asks: `undefined` where that is an operator, or where it cannot be known now. */
const refusal = async () => {
  const response = await fetch("/processes", { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  if (response === undefined || (response.status !== 401 && response.status !== 403)) return undefined
  return /** @type {{ readonly _tag: string, readonly message: string }} */ (await response.json())
}

/** @param {string} token */
const show = (token) => {
  const secure = location.protocol === "https:" ? "; secure" : ""
  document.cookie = `operator=${encodeURIComponent(token)}; path=/; samesite=strict${secure}`
}

/** Asks for the token, where the node takes one, until the page may show what is for operators. */
const ask = async () => {
  const door = byId("door", HTMLElement)
  const form = byId("token-form", HTMLFormElement)
  const field = byId("token", HTMLInputElement)
  const why = byId("door-why", HTMLElement)
  for (let shown = false; ; shown = true) {
    const refused = await refusal()
    door.hidden = refused === undefined
    byId("inside", HTMLElement).hidden = byId("connection", HTMLElement).hidden = refused !== undefined
    if (refused === undefined) return
    form.hidden = refused._tag === "NoOperators"
    if (form.hidden) why.textContent = "This node has no operators: it was started without OPERATOR_TOKEN."
    else why.textContent = shown ? "That is not the token." : "What goes on here is shown to operators."
    if (shown) field.select()
    await new Promise((resolve) => {
      const take = (/** @type {SubmitEvent} */ event) => {
        event.preventDefault()
        resolve(undefined)
      }
      form.addEventListener("submit", take, { once: true })
    })
    show(field.value)
  }
}

/** @type {Promise<void> | undefined} */
let asking

/** Returns when the page may show what is for operators. It may be asked at any time: a token can be changed. */
export const admitted = () => (asking ??= ask().finally(() => (asking = undefined)))
