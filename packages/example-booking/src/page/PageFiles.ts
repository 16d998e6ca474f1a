/**
 * The pages and what belongs to them, as files of `public/`: read when the node begins, served from memory.
 *
 * A browser asks each time whether a file is still the same (`ETag`), so a page never mixes files of two releases for
 * longer than it takes to load. Nothing is built, but that a page's content is put into the frame of all; and no other
 * host is asked for anything: the policy that goes with each file forbids it.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Headers, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, Option } from "effect"
import * as Frame from "./Frame.js"

const folder = fileURLToPath(new URL("../../public/", import.meta.url))

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml"
}

/** Everything comes from where the page comes from; nothing is executed or styled that stands in the page itself. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'"
].join("; ")

export interface PageFile {
  /** Where it is served. */
  readonly path: `/${string}`
  readonly serve: Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>
}

const frame = "frame.html"
const bytesOf = (name: string) => fs.readFileSync(path.join(folder, name))

/** What is served of a file, and where: a page in its frame, at its own address; a part of it as it is, below `/page`. */
const servedOf = (name: string) => {
  const page = path.basename(name, ".html")
  const own = Frame.pathOf(page)
  if (own === undefined) return { at: `/page/${name}` as const, content: bytesOf(name) }
  return { at: own, content: Buffer.from(Frame.around(bytesOf(frame).toString(), page, bytesOf(name).toString())) }
}

const fileOf = (name: string): PageFile => {
  const { at, content } = servedOf(name)
  const etag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`
  const headers = {
    etag,
    "cache-control": "no-cache",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff"
  }
  const contentType = types[path.extname(name)] ?? "application/octet-stream"
  const whole = HttpServerResponse.uint8Array(content, { headers, contentType })
  const unchanged = HttpServerResponse.empty({ status: 304, headers })
  const known = (tags: string) => tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)
  return {
    path: at,
    serve: Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      Option.exists(Headers.get(request.headers, "if-none-match"), known) ? unchanged : whole
    )
  }
}

/** Reads them all. A file that cannot be read is a defect: they are a part of the application. */
export const read: Effect.Effect<ReadonlyArray<PageFile>> = Effect.sync(() =>
  fs
    .readdirSync(folder)
    .filter((name) => path.extname(name) in types && name !== frame)
    .map(fileOf)
)
