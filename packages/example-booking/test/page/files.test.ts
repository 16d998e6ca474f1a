/** The pages as files: what is served, how, and that nothing in them needs more than that. */
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { Memory } from "../../src/memory.js"
import { layer as inProcess, request } from "../http/client.js"

const app = inProcess.pipe(Layer.provide(Booking.layer), Layer.provide(Memory))
const folder = path.join(import.meta.dirname, "..", "..", "public")
const files = fs.readdirSync(folder)
const textOf = (name: string) => fs.readFileSync(path.join(folder, name), "utf8")
const ofKind = (...kinds: ReadonlyArray<string>) => files.filter((name) => kinds.includes(path.extname(name)))

const pages = ["booking", "machinery"]

/** Where a file is served. */
const served = (name: string) => (name.endsWith(".html") ? name.replace(/(booking)?\.html$/, "") : `page/${name}`)

describe("the pages", () => {
  it.effect("are served with their types, to be asked for again, and under a policy that lets nothing else in", () =>
    Effect.gen(function* () {
      const kinds: Record<string, string> = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml"
      }
      for (const name of files.filter((file) => file !== "frame.html")) {
        const { body, headers, status } = yield* request("GET", `/${served(name)}`)
        expect([name, status, headers.get("content-type")]).toEqual([name, 200, kinds[path.extname(name)]])
        if (!name.endsWith(".html")) expect(body).toBe(textOf(name))
        expect(headers.get("cache-control")).toBe("no-cache")
        expect(headers.get("x-content-type-options")).toBe("nosniff")
        const policy = headers.get("content-security-policy")
        expect(policy).toContain("default-src 'none'")
        expect(policy).toContain("script-src 'self';")
        expect(policy).not.toContain("unsafe")
      }
    }).pipe(Effect.provide(app))
  )

  it.effect(
    "are their content in the frame of all, each with its own title, style and script, and its place in the head",
    () =>
      Effect.gen(function* () {
        for (const name of pages) {
          const body = String((yield* request("GET", `/${served(`${name}.html`)}`)).body)
          expect(body).toMatch(/^<!doctype html>/)
          expect(body).toContain(textOf(`${name}.html`).trimEnd())
          expect(body).toMatch(/<title>[\w ]+/)
          expect(body).not.toContain("{{")
          for (const part of [`/page/${name}.css`, `/page/${name}.js`]) expect(body).toContain(`"${part}"`)
          expect([...body.matchAll(/href="([^"]+)" aria-current="page"/g)].map(([_, to]) => to)).toEqual([
            `/${served(`${name}.html`)}`
          ])
          const [, skip] = /class="skip" href="#(\w+)"/.exec(body) ?? []
          expect(body).toContain(`id="${skip}"`)
        }
        expect((yield* request("GET", "/frame")).status).toBe(404)
      }).pipe(Effect.provide(app))
  )

  it.effect("are not sent again to who has them", () =>
    Effect.gen(function* () {
      const first = yield* request("GET", "/page/booking.js")
      const etag = first.headers.get("etag") ?? ""
      const again = yield* request("GET", "/page/booking.js", undefined, { "if-none-match": `"other", W/${etag}` })
      expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, "", etag])
      const changed = yield* request("GET", "/page/booking.js", undefined, { "if-none-match": '"other"' })
      expect(changed.status).toBe(200)
    }).pipe(Effect.provide(app))
  )

  it.effect("do not hand out what lies beside them", () =>
    Effect.gen(function* () {
      for (const outside of [
        "/page/../package.json",
        "/page/%2e%2e/package.json",
        "/page/none.js",
        "/index.html",
        "/page/frame.html"
      ]) {
        expect([outside, (yield* request("GET", outside)).status]).toEqual([outside, 404])
      }
    }).pipe(Effect.provide(app))
  )
})

describe("what stands in the pages", () => {
  const html = ofKind(".html")

  it("is no script, no style and no handler: the policy would stop them", () => {
    for (const name of html) {
      expect(textOf(name)).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)/i)
    }
    for (const name of ofKind(".js"))
      expect(textOf(name)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|\beval\(/)
  })

  it("names only what is served from the same place", () => {
    const known = new Set([...files.map((name) => `/${served(name)}`), "/docs", "/processes"])
    const inPages = html.flatMap((name) =>
      [
        ...textOf(name)
          .replaceAll("{{name}}", "booking")
          .matchAll(/(?:src|href)="([^"#]+)"/g)
      ].map(([_, to]) => to)
    )
    const inModules = ofKind(".js").flatMap((name) =>
      [...textOf(name).matchAll(/from "\.(\/[^"]+)"/g)].map(([_, to]) => `/page${to}`)
    )
    expect(inPages.length + inModules.length).toBeGreaterThan(20)
    expect([...inPages, ...inModules].filter((to) => to === undefined || !known.has(to))).toEqual([])
    for (const name of files) expect(textOf(name).replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//)
  })

  it("has every element that its modules ask for", () => {
    const ids = (name: string) => new Set([...textOf(name).matchAll(/\sid="([^"]+)"/g)].map(([_, id]) => id))
    for (const page of pages) {
      const modules = [`${page}.js`, "dom.js", ...(page === "machinery" ? ["operator.js"] : [])]
      const there = new Set([...ids(`${page}.html`), ...ids("frame.html")])
      const asked = [
        ...modules
          .map(textOf)
          .join("")
          .matchAll(/byId\("([^"]+)"/g)
      ].map(([_, id]) => id ?? "")
      expect(asked.filter((id) => !there.has(id))).toEqual([])
    }
  })
})
