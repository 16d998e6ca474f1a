/** What the HTTP interface answers to bad requests, and when something behind it fails. */
import { DistributedProcessing, type ProcessStatus } from "@aecor/core"
import { ViewStore } from "@aecor/projection"
import { HttpApiError } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Array, Effect, Encoding, Fiber, Layer, Option, Schema, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { Memory } from "../../src/memory.js"
import { TicketReservation } from "../../src/reservation/TicketReservation.js"
import { BookingsView } from "../../src/view/BookingsView.js"
import { type Answer, layer as client, request } from "./client.js"

const idle = client.pipe(Layer.provide(Booking.layer), Layer.provide(Memory))

const order = { concertId: "concertA", seats: [{ row: 1, number: 1 }] }
const post = (body: unknown, headers?: Record<string, string>) =>
  request("POST", "/clients/ann/bookings", body, headers)

/** The paths of what is wrong. */
const wrong = ({ body }: Answer): ReadonlyArray<string> =>
  Schema.decodeUnknownSync(HttpApiError.HttpApiDecodeError)(body).issues.map((issue) => issue.path.join("."))

describe("malformed input", () => {
  const long = "x".repeat(65)
  const cases: ReadonlyArray<readonly [string, unknown, string]> = [
    ["no concert", { seats: order.seats }, "concertId"],
    ["no seats", { concertId: "concertA" }, "seats"],
    ["an empty list of seats", { concertId: "concertA", seats: [] }, "seats.0"],
    ["half a seat", { concertId: "concertA", seats: [{ row: 1 }] }, "seats.0.number"],
    ["row zero", { concertId: "concertA", seats: [{ row: 0, number: 1 }] }, "seats.0.row"],
    ["half a row", { concertId: "concertA", seats: [{ row: 1.5, number: 1 }] }, "seats.0.row"],
    ["a seat as text", { concertId: "concertA", seats: [{ row: "1", number: 1 }] }, "seats.0.row"],
    ["an endless list of seats", { concertId: "concertA", seats: Array.makeBy(101, () => order.seats[0]) }, "seats"],
    ["a long id", { ...order, bookingId: long }, "bookingId"],
    ["an id that is null", { ...order, bookingId: null }, "bookingId"],
    ["a concert with a NUL", { ...order, concertId: "a\u0000" }, "concertId"]
  ]
  it.effect.each(cases)("%s: 400 that names the field", ([_, body, path]) =>
    Effect.gen(function* () {
      const answer = yield* post(body)
      expect([answer.status, wrong(answer)]).toEqual([400, [path]])
    }).pipe(Effect.provide(idle))
  )

  it.effect("in the path, in the query, in other bodies: 400 that names the field", () =>
    Effect.gen(function* () {
      const answers = yield* Effect.all([
        request("POST", `/clients/${long}/bookings`, order),
        request("GET", `/clients/ann/bookings/${encodeURIComponent("a b")}`),
        request("GET", "/clients/ann/bookings?token=%20nonsense"),
        request("GET", "/clients/ann/bookings?token=a&token=b"),
        request("DELETE", "/clients/ann/bookings/b", { reason: "" }),
        request("DELETE", "/clients/ann/bookings/b", { reason: "x".repeat(501) }),
        request("DELETE", "/clients/ann/bookings/b", { reason: "a\u0000b" }),
        request("POST", "/payments", { paymentId: "p", clientId: "ann" }),
        request("GET", `/concerts/${long}/seats`)
      ])
      expect(answers.map((answer) => [answer.status, wrong(answer)])).toEqual([
        [400, ["clientId"]],
        [400, ["bookingId"]],
        [400, ["token"]],
        [400, ["token"]],
        [400, ["reason"]],
        [400, ["reason"]],
        [400, ["reason"]],
        [400, ["bookingId"]],
        [400, ["concertId"]]
      ])
    }).pipe(Effect.provide(idle))
  )

  it.effect("no JSON, no body, no object, or a path that decodes to nothing: 4xx, never 500", () =>
    Effect.gen(function* () {
      expect(yield* post("{")).toMatchObject({ status: 400, body: { _tag: "MalformedBody" } })
      expect(yield* post("")).toMatchObject({ status: 400, body: { _tag: "MalformedBody" } })
      expect((yield* post("null")).status).toBe(400)
      expect((yield* post("[]")).status).toBe(400)
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "image/png"]) {
        const answer = yield* post("hello", { "content-type": type })
        expect(answer).toMatchObject({ status: 415, body: { _tag: "UnsupportedMediaType" } })
      }
      expect((yield* request("GET", "/clients/%E0%A4%A/bookings")).status).toBeLessThan(500)
      expect((yield* request("PATCH", "/payments", {})).status).toBe(404)
    }).pipe(Effect.provide(idle))
  )

  it.effect("a body of more than 64 KiB: 413", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ ...order, more: "x".repeat(70_000) })
      const refusal = { status: 413, body: { _tag: "BodyTooLarge" } }
      expect(yield* post(body, { "content-length": String(body.length) })).toMatchObject(refusal)
      expect(yield* post(body)).toMatchObject(refusal)
    }).pipe(Effect.provide(idle))
  )

  it.effect("a body that nests deeper than anything of sense: 400", () =>
    Effect.gen(function* () {
      const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`
      const refusal = { status: 400, body: { _tag: "BodyTooDeep" } }
      for (const body of [deep(30_000), "[".repeat(30_000), deep(17), `{"concertId":${'{"a":'.repeat(3000)}`]) {
        expect(yield* post(body)).toMatchObject(refusal)
        expect(yield* post(body, { "content-length": String(body.length) })).toMatchObject(refusal)
      }
      expect(wrong(yield* post(deep(16)))).toEqual([""])
      const quoted = { ...order, concertId: `\\"${deep(30)}` }
      expect(wrong(yield* post(quoted))).toEqual(["concertId"])
    }).pipe(Effect.provide(idle))
  )

  it.effect("a later version that is no number of one: 400", () =>
    Effect.gen(function* () {
      for (const after of ["", "x", "-1", "1.5", "9007199254740991"]) {
        const answer = yield* request("GET", `/clients/ann/bookings/b?after=${after}`)
        expect([after, answer.status, wrong(answer)]).toEqual([after, 400, ["after"]])
      }
    }).pipe(Effect.provide(idle))
  )

  it.effect("a token of something that no booking can be called: 400", () =>
    Effect.gen(function* () {
      for (const key of ["a\u0000", "", "a b", "x".repeat(65), 7]) {
        const token = Encoding.encodeBase64Url(JSON.stringify([key, 1]))
        const answer = yield* request("GET", `/clients/ann/bookings?token=${token}`)
        expect([answer.status, wrong(answer)[0]?.split(".")[0]]).toEqual([400, "token"])
      }
    }).pipe(Effect.provide(idle))
  )
})

describe("a token", () => {
  it.effect("that the view does not reach in time: 503, to be tried again", () =>
    Effect.gen(function* () {
      const token = Encoding.encodeBase64Url(JSON.stringify(["b", 7]))
      const asked = yield* Effect.fork(request("GET", `/clients/ann/bookings/b?token=${token}`))
      yield* TestClock.adjust("4 seconds")
      expect(yield* Fiber.poll(asked)).toMatchObject({ _tag: "None" })
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(asked)).toMatchObject({ status: 503, body: { _tag: "ViewBehind" } })
    }).pipe(Effect.provide(idle))
  )
})

describe("when something fails behind it", () => {
  const secret = "password of the database"

  it.effect("a command that nobody answers: 503 by its name, with Retry-After", () =>
    Effect.gen(function* () {
      const answer = yield* post(order)
      expect(answer).toMatchObject({
        status: 503,
        body: { _tag: "CommandFailed", reason: "Unreachable", inDoubt: false }
      })
      expect(answer.headers.get("retry-after")).toBe("1")
    }).pipe(Effect.provide(client.pipe(Layer.provide(Booking.Booking.layerClient), Layer.provide(Memory))))
  )

  it.effect("a view that does not answer: 503, and not ready, and nothing of the reason", () =>
    Effect.gen(function* () {
      const read = yield* request("GET", "/clients/ann/bookings")
      expect(read).toMatchObject({ status: 503, body: { _tag: "StorageUnavailable" } })
      expect(read.headers.get("retry-after")).toBe("1")
      const ready = yield* request("GET", "/ready")
      expect(ready).toMatchObject({ status: 503, body: { _tag: "NotReady", storage: false } })
      expect(JSON.stringify([read.body, ready.body])).not.toContain(secret)
      expect((yield* request("GET", "/health")).status).toBe(200)
    }).pipe(Effect.provide(client.pipe(Layer.provide(brokenView), Layer.provide(Booking.layer), Layer.provide(Memory))))
  )

  it.effect("processes that nobody has deployed: not ready", () =>
    Effect.gen(function* () {
      const ready = yield* request("GET", "/ready")
      expect(ready).toMatchObject({
        status: 503,
        body: { storage: true, deployments: Array.makeBy(5, () => ({ running: 0 })) }
      })
    }).pipe(Effect.provide(idle))
  )

  it.effect.each([
    ["runs", {}, 200],
    ["is being handed over", { actual: "Silent", since: 15_000 }, 200],
    ["has been silent for longer", { actual: "Silent", since: 15_001 }, 503],
    ["nobody has run for longer", { actual: "Waiting", since: 15_001 }, 503],
    ["was stopped on purpose", { actual: "Stopped", since: 60_000, desired: false }, 200]
  ] as const)("a process that %s: ready or not", ([_, one, status]) =>
    Effect.gen(function* () {
      expect((yield* request("GET", "/ready")).status).toBe(status)
    }).pipe(
      Effect.provide(
        client.pipe(Layer.provide(processesWith(one)), Layer.provide(Booking.layer), Layer.provide(Memory))
      )
    )
  )

  it.effect("a defect: 500 that tells nothing", () =>
    Effect.gen(function* () {
      const answer = yield* request("GET", "/concerts/concertA/seats")
      expect(answer).toMatchObject({ status: 500, body: { _tag: "InternalError" } })
      expect(JSON.stringify(answer.body)).not.toContain(secret)
    }).pipe(
      Effect.provide(client.pipe(Layer.provide(defectiveHall), Layer.provide(Booking.layer), Layer.provide(Memory)))
    )
  )

  it.effect("something that was interrupted: 503, with Retry-After, for it may have been done", () =>
    Effect.gen(function* () {
      const answer = yield* request("GET", "/concerts/concertA/seats")
      expect(answer.status).toBe(503)
      expect(answer.body).toEqual({ _tag: "CommandFailed", reason: "Interrupted", inDoubt: true })
      expect(answer.headers.get("retry-after")).toBe("1")
    }).pipe(
      Effect.provide(client.pipe(Layer.provide(leavingHall), Layer.provide(Booking.layer), Layer.provide(Memory)))
    )
  )

  const brokenView = Layer.effect(
    BookingsView,
    Effect.map(BookingsView, (view) => {
      const broken = new ViewStore.ViewStoreError({ view: "bookings", description: secret })
      return { ...view, get: () => Effect.fail(broken), find: () => Effect.fail(broken) }
    })
  )

  /** Twenty processes in each deployment, all in order but the first. */
  const processesWith = (one: Partial<ProcessStatus.ProcessStatus>) =>
    Layer.effect(
      DistributedProcessing.DistributedProcessing,
      Effect.map(DistributedProcessing.DistributedProcessing, (host) => ({
        ...host,
        status: (deployment: string) =>
          Effect.succeed(
            Array.makeBy(20, (index): ProcessStatus.ProcessStatus => ({
              deployment,
              index,
              generation: 0,
              desired: true,
              suspended: false,
              target: Option.none(),
              pinned: Option.none(),
              epoch: 1,
              runner: Option.some("here"),
              state: Option.some("Running"),
              starts: 1,
              lastError: Option.none(),
              sinceBeat: Option.some(0),
              sinceSent: Option.none(),
              sinceDesired: 60_000,
              sinceState: Option.some(50_000),
              actual: "Running",
              since: 50_000,
              ...(index === 0 ? one : {})
            }))
          )
      }))
    )

  const leavingHall = Layer.effect(
    TicketReservation,
    Effect.map(TicketReservation, (hall) => ({ ...hall, seats: () => Effect.interrupt }))
  )

  const defectiveHall = Layer.effect(
    TicketReservation,
    Effect.map(TicketReservation, (hall) => ({ ...hall, seats: () => Effect.dieMessage(secret) }))
  )
})
