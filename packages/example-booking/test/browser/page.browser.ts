/** The page as people use it, in a real browser, on real nodes. */
import { expect, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import type { Page } from "playwright-core"
import { booking, Browser, Fleet, hears, person, seat, steps } from "./people.js"

layer(Layer.merge(Browser.layer, Fleet.layer), { timeout: Duration.minutes(3), excludeTestServices: true })(
  "the page",
  (it) => {
    it.scoped("two people compete for a seat: one gets it, the other hears politely that somebody was faster", () =>
      Effect.gen(function* () {
        const pages = [yield* person(), yield* person()] as const
        yield* steps(async () => {
          const together = meeting(pages.length)
          for (const page of pages) {
            // both have pressed before either is answered
            await page.route("**/clients/*/bookings", async (route) => {
              await together()
              await route.continue()
            })
            await seat(page, 1, 1).click()
          }
          await Promise.all(pages.map((page) => page.locator("#hold").click()))

          const won = await Promise.race(pages.map(async (page) => (await booking(page, "Confirmed"), page)))
          const lost = won === pages[0] ? pages[1] : pages[0]
          const denied = await booking(lost, "Denied")
          expect(await denied.textContent()).toContain("Somebody was faster")
          await hears(lost, "Nothing is to pay")
          await seat(lost, 1, 1).and(lost.locator('[data-state="taken"]')).waitFor()
          await seat(won, 1, 1).and(won.locator('[data-state="mine"]')).waitFor()

          // the one who lost chooses others, and is not held up
          await lost.locator("#best-count").selectOption("2")
          await lost.locator("#best button").click()
          await lost.locator("#hold").click()
          await booking(lost, "Confirmed")
        })
      })
    )

    it.scoped("a seat that was chosen and is taken by somebody else leaves the choice, with a word of it", () =>
      Effect.gen(function* () {
        const [slow, fast] = [yield* person(), yield* person()]
        yield* steps(async () => {
          await seat(slow, 12, 3).click()
          await seat(slow, 12, 4).click()
          await seat(fast, 12, 4).click()
          await fast.locator("#hold").click()
          await hears(slow, "Just taken by somebody else: row 12: 4")
          expect(await slow.locator("#chosen li").allTextContents()).toEqual(["Row 12, seat 3300×"])
          expect(await slow.locator("#total").textContent()).toBe("300")
        })
      })
    )

    it.scoped("with the keyboard alone: to the seats, a choice, held, paid, and another one given back", () =>
      Effect.gen(function* () {
        const page = yield* person()
        yield* steps(async () => {
          const { keyboard } = page
          const press = async (...keys: ReadonlyArray<string>) => {
            for (const key of keys) await keyboard.press(key)
          }
          // before the map has come there is nothing to go to
          await seat(page, 1, 26).waitFor()
          await press("Tab")
          expect(await focused(page)).toMatchObject({ text: "Skip to the seats" })
          await press("Enter")
          await page.waitForFunction("document.activeElement.id === 'seats'")
          await press("Tab")
          expect(await focused(page)).toMatchObject({
            label: expect.stringContaining("row 1, seat 26, 500"),
            outline: true
          })
          await press("ArrowDown", "PageDown", "PageDown", "PageDown", "Control+Home", "End", "PageDown", "ArrowLeft")
          expect(await focused(page)).toMatchObject({ label: "row 6, seat 49, 500, free", outline: true })
          await press("Space", "ArrowRight", "Space", "Space", "Space")
          expect(await focused(page)).toMatchObject({ label: "row 6, seat 50, 500, chosen", selected: "true" })
          // one stop for the whole map, then the choice's own controls
          const to = async (text: string) => {
            for (let i = 0; i < 20 && (await focused(page)).text !== text; i++) await press("Tab")
            expect(await focused(page)).toMatchObject({ text, outline: true })
          }
          await to("Hold seats")
          await press("Enter")
          await booking(page, "Confirmed")
          await to("Pay")
          await press("Enter")
          await hears(page, "Paid: row 6: 49, 50")
          const paid = await booking(page, "Settled")
          expect(await paid.locator("button:visible").count()).toBe(0)
          // the button that was pressed is gone; the focus is not
          expect(await focused(page)).toMatchObject({ text: "Concert A, row 6: 49, 50" })

          await page.locator("#best button").focus()
          await press("Enter")
          await to("Hold seats")
          await press("Enter")
          await booking(page, "Confirmed")
          await to("Give back")
          await press("Enter")
          await page.locator("#give-back[open]").waitFor()
          await to("Give back")
          await press("Enter")
          await booking(page, "Cancelled")
        })
      })
    )

    it.scoped("a payment that is refused is shown with the reason, and can be tried again", () =>
      Effect.gen(function* () {
        const page = yield* person()
        const machinery = yield* person("/machinery")
        yield* steps(async () => {
          await seat(page, 18, 20).click()
          await page.locator("#hold").click()
          const held = await booking(page, "Confirmed")
          // the seats are given back elsewhere, a moment before the payment comes
          await page.route(
            ({ pathname }) => pathname === "/payments",
            async (route) => {
              const { bookingId, clientId } = route.request().postDataJSON()
              const path = `/clients/${clientId}/bookings/${bookingId}`
              await page.request.delete(new URL(path, page.url()).href, { data: { reason: "ill" } })
              await route.continue()
            }
          )
          const told = hears(page, "the money comes back")
          await held.getByRole("button", { name: "Pay" }).click()
          const refusal = (await booking(page, "Cancelled")).locator(".refusal:visible")
          await refusal.waitFor()
          expect(await refusal.textContent()).toContain("The payment was not taken: the booking was cancelled: ill.")

          await told
          // it is no passing word: who comes back reads it again, on the same booking, and it is told once only
          await page.reload()
          await refusal.waitFor()
          expect(await refusal.textContent()).toContain("The payment was not taken: the booking was cancelled: ill.")
          expect(await page.locator("#news").textContent()).toBe("")

          const listed = machinery.locator("#refused li")
          await listed.waitFor()
          expect(await listed.textContent()).toContain("the booking was cancelled: ill")
          await listed.getByRole("button", { name: "again" }).click()
          await hears(machinery, "is tried again")
          // its booking is over, so it is refused again
          await listed.waitFor()
        })
      })
    )

    it.scoped("a denied booking still says so after the page is loaded again", () =>
      Effect.gen(function* () {
        const [slow, fast] = [yield* person(), yield* person()]
        yield* steps(async () => {
          const taken = { concertId: "concertB", seats: [{ row: 3, number: 3 }] }
          const place = async (page: Page) => {
            const path = `/clients/${await page.locator("#name").inputValue()}/bookings`
            await page.request.post(new URL(path, page.url()).href, { data: taken })
          }
          await place(fast)
          await booking(fast, "Confirmed")
          await place(slow)
          await booking(slow, "Denied")
          await slow.reload()
          expect(await (await booking(slow, "Denied")).textContent()).toContain("Somebody was faster")
        })
      })
    )

    it.scoped("the machinery asks for the operators' token where the node wants one, and remembers it", () =>
      Effect.gen(function* () {
        const page = yield* person("/machinery")
        yield* steps(async () => {
          const refuse = { status: 401, json: { _tag: "OperatorTokenRequired", message: "" } }
          await page.route("**/processes", async (route) => {
            const shown = (await page.context().cookies()).map(({ name, value }) =>
              [name, decodeURIComponent(value)].join()
            )
            await (shown.includes("operator,s3;cret") ? route.continue() : route.fulfill(refuse))
          })
          await page.reload()
          const door = page.locator("#door")
          await door.waitFor()
          expect(await page.locator("#inside").isVisible()).toBe(false)
          const show = async (token: string) => {
            await page.getByLabel("Token").fill(token)
            await page.keyboard.press("Enter")
          }
          await show("other")
          await page.locator("#door-why", { hasText: "not the token" }).waitFor()
          await show("s3;cret")
          await page.locator(".process").first().waitFor()
          expect(await door.isVisible()).toBe(false)
          await page.reload()
          await page.locator(".process").first().waitFor()
        })
      })
    )

    it.scoped("on a phone: nothing is wider than the screen but the hall, and a thumb can do it all", () =>
      Effect.gen(function* () {
        const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
        const page = yield* person("/", phone)
        yield* steps(async () => {
          const fits = () => page.evaluate("document.documentElement.scrollWidth <= innerWidth")
          expect(await fits()).toBe(true)
          // the hall is seen from its middle, before the stage
          await seat(page, 1, 26).waitFor()
          const stage = await page.locator(".stage").boundingBox()
          expect(Math.abs((stage?.x ?? Infinity) + (stage?.width ?? 0) / 2 - 390 / 2)).toBeLessThan(20)
          const box = await seat(page, 20, 2).boundingBox()
          expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24)
          await seat(page, 20, 2).tap()
          await seat(page, 20, 48).tap()
          const hold = page.locator("#hold")
          const place = await hold.boundingBox()
          expect((place?.y ?? Infinity) + (place?.height ?? 0)).toBeLessThanOrEqual(844)
          await hold.tap()
          await (await booking(page, "Confirmed")).locator("text=Give back").tap()
          await page.locator("#give-back button.danger").tap()
          await booking(page, "Cancelled")
          expect(await fits()).toBe(true)
          await page.goto(new URL("/machinery", page.url()).href)
          await page.locator(".process").first().waitFor()
          expect(await fits()).toBe(true)
        })
      })
    )

    it.scoped("a node is killed while its pages are open: they go on with another, and lose nothing", () =>
      Effect.gen(function* () {
        const { nodes } = yield* Fleet
        const page = yield* person()
        const machinery = yield* person("/machinery")
        const name = yield* steps(() => servedBy(page))
        const victim = nodes.find(({ runner }) => runner === name)
        yield* steps(async () => {
          await seat(page, 25, 10).click()
          await machinery.locator(`.node[data-runner="${name}"]`).waitFor()
        })
        expect(victim?.runner).toBe(name)
        if (victim !== undefined) process.kill(victim.pid, "SIGKILL")
        yield* steps(async () => {
          // what was chosen is still chosen, and can be held at once, on a page that was never loaded again
          await page.locator("#hold").click()
          await page.locator(`#connection[data-state="live"]:not(:has-text("${name}"))`).waitFor()
          await booking(page, "Confirmed")
          await machinery.locator(`.node[data-runner="${name}"]`).waitFor({ state: "detached" })
          await machinery.locator("#moves li", { hasText: name }).first().waitFor()
          await hears(machinery, "moved to another node")
          await page.locator(".ticket a").click()
          await page.locator('#history [data-type="BookingConfirmed"]').waitFor()
        })
      })
    )
  }
)

/** Which node a page is live from. */
const servedBy = async (page: Page) =>
  ((await page.locator("#connection").textContent()) ?? "").replace("Live from ", "")

/** Lets everybody go on when so many have come. */
const meeting = (count: number) => {
  let come = 0
  let open = () => {}
  const all = new Promise<void>((resolve) => (open = resolve))
  return () => {
    come += 1
    if (come >= count) open()
    return all
  }
}

/** What has the focus, and whether that can be seen. */
const focused = (page: Page) =>
  page.evaluate(`(() => {
    const { activeElement: found } = document
    return {
      text: found.textContent, label: found.ariaLabel, selected: found.ariaSelected,
      outline: getComputedStyle(found).outlineStyle !== "none"
    }
  })()`) as Promise<{ readonly text: string; readonly label: string | null }>
