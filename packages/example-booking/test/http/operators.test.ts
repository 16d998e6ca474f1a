/** What is for operators only: who is let in, and what the others hear. */
import { expect, it } from "@effect/vitest"
import { Array, Config, ConfigProvider, Context, Effect, Layer, Logger, Redacted } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { Admission, layerConfig, Operators } from "../../src/http/Operator.js"
import { Memory } from "../../src/memory.js"
import { layer as inProcess, request } from "./client.js"

const app = (admission: Admission) =>
  inProcess.pipe(Layer.provide([Booking.layer, Layer.succeed(Operators, admission)]), Layer.provide(Memory))
const guarded = app(Admission.Bearer({ token: Redacted.make("s3cret") }))

/** Everything that is about all clients, or changes what a client cannot. */
const forOperators = [
  ["GET", "/bookings/b-1/events", undefined],
  ["GET", "/processes", undefined],
  ["GET", "/refused-payments", undefined],
  ["POST", "/payments/p-1/again", {}],
  ["GET", "/live/machinery", undefined]
] as const
const askAll = (headers?: Record<string, string>) =>
  Effect.forEach(forOperators, ([method, path, body]) =>
    path === "/live/machinery" && headers !== undefined
      ? Effect.succeed(undefined)
      : request(method, path, body, headers)
  ).pipe(Effect.map(Array.filter((answer) => answer !== undefined)))

it.effect("who shows no token, or another one, hears 401 by its name, and does nothing", () =>
  Effect.gen(function* () {
    for (const headers of [undefined, { authorization: "Bearer other" }, { cookie: "operator=other" }]) {
      for (const { body, status } of yield* askAll(headers)) {
        expect([status, body]).toEqual([401, { _tag: "OperatorTokenRequired", message: expect.any(String) }])
      }
    }
    expect((yield* request("GET", "/live/machinery", undefined, { cookie: "operator=other" })).status).toBe(401)
  }).pipe(Effect.provide(guarded))
)

it.effect("who shows the token is let in: as a bearer's, or in a cookie", () =>
  Effect.gen(function* () {
    for (const headers of [{ authorization: "Bearer s3cret" }, { cookie: "a=b; operator=s3cret" }]) {
      expect((yield* askAll(headers)).map(({ status }) => status)).toEqual([200, 200, 200, 404])
    }
  }).pipe(Effect.provide(guarded))
)

it.effect("what is a client's needs no token, and neither does a payer, nor who asks whether the node is well", () =>
  Effect.gen(function* () {
    const order = { bookingId: "b-1", concertId: "concertA", seats: [{ row: 1, number: 1 }] }
    const answers = [
      yield* request("POST", "/clients/ann/bookings", order),
      yield* request("POST", "/payments", { paymentId: "p-1", clientId: "ann", bookingId: "b-1" }),
      yield* request("GET", "/clients/ann/bookings"),
      yield* request("GET", "/clients/ann/payments"),
      yield* request("GET", "/concerts/concertA/seats"),
      yield* request("GET", "/health"),
      yield* request("GET", "/machinery")
    ]
    expect(answers.map(({ status }) => status)).toEqual([201, 202, 200, 200, 200, 200, 200])
    expect(answers[3]?.body).toMatchObject([{ paymentId: "p-1", bookingId: "b-1", state: "received" }])
    expect((yield* request("GET", "/clients/bob/payments")).body).toEqual([])
  }).pipe(Effect.provide(guarded))
)

it.effect("where nobody is an operator, everybody hears 403 and why", () =>
  Effect.gen(function* () {
    for (const { body, status } of [...(yield* askAll()), ...(yield* askAll({ authorization: "Bearer s3cret" }))]) {
      expect([status, body]).toEqual([403, { _tag: "NoOperators", message: expect.stringContaining("OPERATOR_TOKEN") }])
    }
  }).pipe(Effect.provide(app(Admission.Nobody())))
)

it.effect(
  "without a token a node says at its start who is an operator: everybody on its own machine, nobody elsewhere",
  () =>
    Effect.gen(function* () {
      for (const host of ["127.0.0.1", "127.0.0.2", "::1", "localhost"]) {
        expect(yield* admissionOf(host)).toEqual([
          Admission.Everybody(),
          [`no OPERATOR_TOKEN: everybody who reaches ${host} is an operator`]
        ])
      }
      for (const host of ["0.0.0.0", "::", "10.0.0.7", "node1", "127.0.0.1.example.org"]) {
        expect(yield* admissionOf(host)).toEqual([
          Admission.Nobody(),
          [`no OPERATOR_TOKEN, and others reach ${host}: nobody is an operator`]
        ])
      }
      const bearer = Admission.Bearer({ token: Redacted.make("s3cret") })
      expect(yield* admissionOf("0.0.0.0", "s3cret")).toEqual([bearer, []])
      expect(yield* admissionOf("127.0.0.1", "s3cret")).toEqual([bearer, []])
      // as where a variable is passed on that is not set
      expect((yield* admissionOf("0.0.0.0", ""))[0]).toEqual(Admission.Nobody())
    })
)

it.effect("a token that cannot be shown stops the start, and is not told", () =>
  Effect.gen(function* () {
    for (const token of ["s3 cret", "s3crét"]) {
      const error = String(yield* Effect.flip(admissionOf("127.0.0.1", token)))
      expect(error).toContain("OPERATOR_TOKEN")
      expect(error).not.toContain("s3")
    }
  })
)

/** Who is let in by a node that listens there, and what it says of that. */
const admissionOf = (host: string, token?: string) =>
  Effect.gen(function* () {
    const said: Array<unknown> = []
    const logger = Logger.make(({ message }) => said.push(...Array.ensure(message)))
    const settings = ConfigProvider.fromMap(new Map(token === undefined ? [] : [["OPERATOR_TOKEN", token]]))
    const context = yield* Layer.build(layerConfig(Config.succeed(host))).pipe(
      Effect.withConfigProvider(settings),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.scoped
    )
    return [Context.get(context, Operators), said] as const
  })
