/** People with browsers, and the nodes that they meet: operating system processes behind one address. */
import { Context, Effect, Layer } from "effect"
import { type Browser as Chromium, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { expect, inject } from "vitest"
import { start } from "../started.js"

/** How long anything on a page may take: a bound for what hangs. */
const patience = 60_000

/** Headless, and without what asks hosts elsewhere. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

export class Browser extends Context.Tag("test/Browser")<Browser, Chromium>() {
  static readonly layer = Layer.scoped(
    Browser,
    Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath: inject("chromium"), args: flags })),
      (browser) => Effect.promise(() => browser.close())
    )
  )
}

export class Fleet extends Context.Tag("test/Fleet")<Fleet, Effect.Effect.Success<ReturnType<typeof start>>>() {
  static readonly layer = Layer.scoped(Fleet, start(2))
}

/** Somebody with a browser of his own, who looks at a page; it has to keep to its own policy, and make no mistake. */
export const person = (path = "/", options: BrowserContextOptions = {}) =>
  Effect.gen(function* () {
    const browser = yield* Browser
    const { url } = yield* Fleet
    const context = yield* Effect.acquireRelease(
      Effect.promise(() => browser.newContext(options)),
      (opened) => Effect.promise(() => opened.close())
    )
    context.setDefaultTimeout(patience)
    const page = yield* Effect.promise(() => context.newPage())
    const faults: Array<string> = []
    page.on("pageerror", ({ message }) => faults.push(message))
    page.on("console", (message) => {
      // that a node does not answer is no fault of the page
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        faults.push(message.text())
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => expect(faults).toEqual([])))
    yield* Effect.promise(() => page.goto(url + path))
    yield* Effect.promise(() => page.locator('#connection[data-state="live"]').waitFor())
    return page
  })

/** A seat of the map, by row and number. */
export const seat = (page: Page, row: number, number: number) => page.locator(`[data-seat="${row}/${number}"]`)

/** Waits until the page says something in passing. */
export const hears = (page: Page, words: string) => page.locator("#news", { hasText: words }).waitFor()

/** Waits until one of the bookings on the page has come to a state. */
export const booking = async (page: Page, status: string) => {
  const ticket = page.locator(`.ticket[data-status="${status}"]`)
  await ticket.waitFor()
  return ticket
}

/** What is done with the pages, step by step. */
export const steps = <A>(act: () => Promise<A>): Effect.Effect<A> => Effect.promise(act)
