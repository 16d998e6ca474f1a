// Small helpers for the page's elements. Text is always text: nothing that comes from elsewhere becomes markup.

/**
 * An element with its attributes and children. An attribute that is `false` or `undefined` is left out.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {ReadonlyArray<Node | string>} children
 */
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value))
  }
  made.append(...children)
  return made
}

/**
 * The element of the page with this id, of this class.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export const byId = (id, type) => {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`the page has no ${type.name} with the id ${id}`)
  return found
}

/**
 * Keeps a list's elements by key: an element stays as long as its item does, so that it keeps its focus.
 *
 * @template A
 * @param {HTMLElement} list
 * @param {(item: A) => string} keyOf
 * @param {(item: A) => { readonly element: HTMLElement, readonly update: (item: A) => void }} make
 * @returns {(items: ReadonlyArray<A>) => void}
 */
export const keyed = (list, keyOf, make) => {
  /** @type {Map<string, ReturnType<typeof make>>} */
  const known = new Map()
  return (items) => {
    const keys = new Set(items.map(keyOf))
    for (const [key, one] of known) {
      if (keys.has(key)) continue
      one.element.remove()
      known.delete(key)
    }
    items.forEach((item, i) => {
      const one = known.get(keyOf(item)) ?? make(item)
      known.set(keyOf(item), one)
      one.update(item)
      if (list.children[i] !== one.element) list.insertBefore(one.element, list.children[i] ?? null)
    })
  }
}

let fading = 0

/**
 * Tells the person something, in passing: seen, and heard by those who listen.
 *
 * @param {string} text
 * @param {"plain" | "good" | "bad"} kind
 */
export const tell = (text, kind = "plain") => {
  const news = byId("news", HTMLElement)
  news.dataset["kind"] = kind
  news.textContent = text
  clearTimeout(fading)
  fading = setTimeout(() => (news.textContent = ""), 9000)
}
