/**
 * Operators: who may see what happens to anybody's bookings, the processes and the refused payments, and have a payment
 * tried again. They show a token, as a bearer's or in a cookie: a page that listens can send no header of its own.
 *
 * Where no token is set, whoever reaches a node that only its own machine reaches is an operator, and nobody is
 * elsewhere. A node says so once, when it starts. Who a client is this does not decide: a client's bookings and payments
 * are addressed by the client's id, and whoever stands before the service has to see that nobody uses another one's.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { HttpApiMiddleware, HttpApiSchema, HttpApiSecurity } from "@effect/platform"
import { Config, Context, Data, Effect, Layer, Option, Redacted, Schema } from "effect"

const saying = (message: string) => ({
  message: Schema.String.pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => message)
  )
})

/** Shows no token, or another one. */
export class OperatorTokenRequired extends Schema.TaggedError<OperatorTokenRequired>()(
  "OperatorTokenRequired",
  saying("this is for operators: show their token, as in `authorization: Bearer …`"),
  HttpApiSchema.annotations({ status: 401 })
) {}

/** Nobody is an operator here. */
export class NoOperators extends Schema.TaggedError<NoOperators>()(
  "NoOperators",
  saying("this is for operators, and nobody is one: the node was started without OPERATOR_TOKEN"),
  HttpApiSchema.annotations({ status: 403 })
) {}

/** The name of the cookie, which the machinery's page sets. */
const cookie = "operator"

/** Stands before what only operators may do. */
export class Operator extends HttpApiMiddleware.Tag<Operator>()("example-booking/http/Operator", {
  failure: Schema.Union(OperatorTokenRequired, NoOperators),
  security: { bearer: HttpApiSecurity.bearer, cookie: HttpApiSecurity.apiKey({ in: "cookie", key: cookie }) }
}) {}

/** Who is one. */
export type Admission = Data.TaggedEnum<{
  Everybody: {}
  Nobody: {}
  Bearer: { readonly token: Redacted.Redacted }
}>
export const Admission = Data.taggedEnum<Admission>()

export class Operators extends Context.Reference<Operators>()("example-booking/http/Operators", {
  defaultValue: (): Admission => Admission.Everybody()
}) {}

const digest = (token: Redacted.Redacted) => createHash("sha256").update(Redacted.value(token)).digest()

export const layer: Layer.Layer<Operator> = Layer.effect(
  Operator,
  Effect.map(Operators, (operators) => {
    const admit = Admission.$match({
      Everybody: () => () => Effect.void,
      Nobody: () => () => new NoOperators(),
      Bearer: ({ token }) => {
        const right = digest(token)
        return (shown: Redacted.Redacted) =>
          timingSafeEqual(digest(shown), right) ? Effect.void : new OperatorTokenRequired()
      }
    })(operators)
    return { bearer: admit, cookie: admit }
  })
)

/** Of a host that nobody but its own machine reaches. */
const isLoopback = (host: string) => /^(127(\.\d+){3}|::1|localhost)$/.test(host)

const token = Config.nonEmptyString("OPERATOR_TOKEN").pipe(
  Config.validate({
    message: "Expected visible ASCII characters, without blanks",
    validation: (text) => /^[\x21-\x7e]+$/.test(text)
  }),
  Config.map((text) => Redacted.make(text)),
  Config.option
)

/** From the environment, for a node that listens there. */
export const layerConfig = (host: Config.Config<string>) =>
  Layer.effect(
    Operators,
    Effect.gen(function* () {
      const listens = yield* host
      const given = yield* token
      if (Option.isSome(given)) return Admission.Bearer({ token: given.value })
      if (isLoopback(listens)) {
        yield* Effect.logInfo(`no OPERATOR_TOKEN: everybody who reaches ${listens} is an operator`)
        return Admission.Everybody()
      }
      yield* Effect.logWarning(`no OPERATOR_TOKEN, and others reach ${listens}: nobody is an operator`)
      return Admission.Nobody()
    })
  )
