// How a view's rows and its table fit together, beyond what the suite of all view stores asks.
import { ConsumerId, Tagging } from "@aecor/core"
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, it, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Schema } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { claimed, registered } from "./leases.js"

class Booking extends Schema.Class<Booking>("Booking")({
  bookingId: Schema.UUID,
  version: Schema.Int,
  clientId: Schema.String,
  seats: Schema.Array(Schema.Struct({ row: Schema.Int })),
  names: Schema.Array(Schema.String),
  price: Schema.optional(Schema.Number),
  expiresAt: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option" }),
  extra: Schema.Unknown
}) {}

class Bookings extends ViewStore.Tag<Bookings>()("Bookings", { row: Booking }) {}

const table = `CREATE TABLE app.bookings (
  booking_id uuid PRIMARY KEY, version bigint NOT NULL, client text NOT NULL, seats jsonb NOT NULL,
  names text[] NOT NULL, price numeric(8, 2), expires_at timestamptz, extra json,
  searched tsvector GENERATED ALWAYS AS (to_tsvector('simple', client)) STORED
)`
const storage = { table: "app.bookings", key: "booking_id", columns: { clientId: "client" } } as const

const Stores = Layer.merge(PgViewStore.layer(Bookings, storage), PgProcessLease.layer).pipe(
  Layer.provide(
    PgMigrations.layer([
      PgProcessLease.migrations,
      PgOffsetStore.migrations,
      PgMigrations.make("bookings", [PgMigrations.step("table", `CREATE SCHEMA app; ${table}`)])
    ])
  ),
  Layer.provide(Layer.unwrapEffect(Effect.map(newDatabase, (url) => client(url))))
)

layer(Stores, { excludeTestServices: true })("a view in a table of the application's own shape", (on) => {
  on.effect("rows come back, with key and version as fields, other names, arrays, numerics and what is absent", () =>
    Effect.gen(function* () {
      const view = yield* Bookings
      const rows = [
        booking(1, { price: 7.5, expiresAt: Option.some(at), extra: { a: [1, null] } }),
        booking(2, { names: ["a,b", '"c"', "NULL"], extra: "text" }),
        booking(3, { clientId: "other", seats: [], extra: null })
      ]
      yield* commit("back", rows)
      for (const row of rows) {
        expect(Option.getOrNull(yield* view.get(row.bookingId))).toEqual({ view: row, version: row.version })
      }
      const found = (where: Partial<Booking>) =>
        Effect.map(view.find(where), (all) => all.map(({ version }) => version))
      expect(yield* found({})).toEqual([1, 2, 3])
      expect(yield* found({ clientId: "me" })).toEqual([1, 2])
      expect(yield* found({ bookingId: id(2), version: 2 })).toEqual([2])
      expect(yield* found({ price: 7.5 })).toEqual([1])
      expect(yield* found({ names: ["a,b", '"c"', "NULL"] })).toEqual([2])
      expect(yield* found({ seats: [] })).toEqual([3])
      expect(yield* found({ expiresAt: Option.some(at) })).toEqual([1])
      expect(yield* found({ expiresAt: Option.none() })).toEqual([2, 3])
      expect(yield* found({ extra: { a: [1, null] } })).toEqual([1])
      expect(yield* found({ extra: "text" })).toEqual([2])
      expect(yield* found({ extra: null, clientId: "other" })).toEqual([3])
    })
  )

  on.effect("a receipt is awaited on a key of any type", () =>
    Effect.gen(function* () {
      const view = yield* Bookings
      yield* commit("receipt", [booking(4)])
      yield* view.awaitReceipt({ key: id(4), sequence: 4 }, "5 seconds")
    })
  )

  on.effect("a receipt whose key cannot be one fails, and nobody else who waits", () =>
    Effect.gen(function* () {
      const view = yield* Bookings
      const waiting = yield* Effect.fork(view.awaitReceipt({ key: id(5), sequence: 5 }, "10 seconds"))
      for (const key of ["no uuid", "\u0000"]) {
        const error = yield* Effect.flip(view.awaitReceipt({ key, sequence: 1 }, "10 seconds"))
        expect(error._tag).toBe("ViewStoreError")
      }
      expect(waiting.unsafePoll()).toBe(null)
      yield* commit("refused", [booking(5)])
      yield* Fiber.join(waiting)
    })
  )
})

it.live("a table that lacks something is refused at the start, and what is lacking is named", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const refusal = Effect.map(
      Effect.flip(Effect.scoped(Layer.build(PgViewStore.layer(Bookings, storage).pipe(Layer.provide(client(url)))))),
      (error) => (expect(error._tag).toBe("ViewStoreError"), error.message)
    )
    const run = (text: string) =>
      PgClient.PgClient.pipe(
        Effect.flatMap((sql) => sql.unsafe(text)),
        Effect.provide(client(url))
      )
    expect(yield* refusal).toBe("view Bookings: there is no table app.bookings: its migration has to run before")
    yield* run("CREATE SCHEMA app; CREATE TABLE app.bookings (booking_id uuid, client text, names text[], price int)")
    expect(yield* refusal).toBe(
      "view Bookings: the table app.bookings lacks version, seats (for seats), expires_at (for expiresAt), extra (for extra)"
    )
    yield* run("DROP TABLE app.bookings")
    yield* run(table.replace("uuid PRIMARY KEY", "uuid"))
    expect(yield* refusal).toContain(
      "the column booking_id of table app.bookings is neither its primary key nor unique"
    )
  })
)

class Fields extends ViewStore.Tag<Fields>()("Fields", {
  row: Schema.Struct({
    price: Schema.Number,
    count: Schema.Int,
    at: Schema.DateTimeUtc,
    sum: Schema.BigDecimal,
    note: Schema.NullOr(Schema.String),
    kind: Schema.Literal("a", "b"),
    parts: Schema.Array(Schema.Int),
    place: Schema.Struct({ row: Schema.Int }),
    either: Schema.Union(Schema.String, Schema.Number),
    since: Schema.OptionFromNullOr(Schema.Int)
  })
}) {}

const fits = {
  key: "text PRIMARY KEY",
  version: "bigint NOT NULL",
  price: "numeric(8, 2) NOT NULL",
  count: "smallint NOT NULL",
  at: "timestamptz NOT NULL",
  sum: "varchar(80) NOT NULL",
  note: "text",
  kind: "kind_of_field NOT NULL",
  parts: "integer[] NOT NULL",
  place: "json NOT NULL",
  either: "jsonb NOT NULL",
  since: "positive_number",
  changed_at: "timestamptz NOT NULL DEFAULT now()",
  id: "bigint GENERATED ALWAYS AS IDENTITY"
}

it.live("a table whose columns are of other types than the rows need is refused, with column, found and wanted", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    const run = (text: string) =>
      PgClient.PgClient.pipe(
        Effect.flatMap((sql) => sql.unsafe(text)),
        Effect.provide(client(url))
      )
    yield* run(
      "CREATE TYPE kind_of_field AS ENUM ('a', 'b'); CREATE DOMAIN positive_number AS integer CHECK (value > 0)"
    )
    const start = Effect.scoped(
      Layer.build(PgViewStore.layer(Fields, { table: "fields", key: "key" }).pipe(Layer.provide(client(url))))
    )
    const told = (changes: Record<string, string>) =>
      Effect.gen(function* () {
        const columns = Object.entries({ ...fits, ...changes }).map(([name, type]) => `"${name}" ${type}`)
        yield* run(`DROP TABLE IF EXISTS fields; CREATE TABLE fields (${columns.join(", ")})`)
        return yield* Effect.match(start, { onSuccess: () => "fits", onFailure: ({ message }) => message })
      })
    expect(yield* told({})).toBe("fits")
    const refused = (reasons: string) => `view Fields: the table fields does not fit: ${reasons}`
    for (const [changes, reasons] of [
      [
        { price: "integer" },
        "price is integer; for price (a number) it has to be double precision, numeric, json or jsonb"
      ],
      [{ price: "real" }, "price is real; for price (a number) it has to be double precision, numeric, json or jsonb"],
      [
        { version: "text NOT NULL" },
        /^version is text; for the version \(a whole number\) it has to be bigint, .* or jsonb$/
      ],
      [{ count: "text" }, /^count is text; for count \(a whole number\)/],
      [{ at: "timestamp" }, "at is timestamp without time zone; for at (a text) it has to be text, json or jsonb"],
      [{ sum: "numeric" }, "sum is numeric; for sum (a text) it has to be text, json or jsonb"],
      [{ kind: "boolean" }, "kind is boolean; for kind (a text) it has to be text, json or jsonb"],
      [{ parts: "text" }, "parts is text; for parts (an array) it has to be an array, json or jsonb"],
      [{ place: "text" }, "place is text; for place (a struct) it has to be json or jsonb"],
      [{ either: "text" }, "either is text; for either (of several kinds) it has to be json or jsonb"],
      [{ note: "text NOT NULL" }, "note is not null; note may be null or absent"],
      [{ since: "text" }, /^since is text; for since \(a whole number\)/],
      [{ extra: "text NOT NULL" }, "no field fills extra, which is not null and has no default"],
      [{ note: "text NOT NULL", place: "text" }, /^note is not null; .*; place is text; for place/]
    ] as const) {
      const message = yield* told(changes)
      if (typeof reasons === "string") expect(message).toBe(refused(reasons))
      else expect(message.replace(refused(""), "")).toMatch(reasons)
    }
  })
)

const at = Schema.decodeSync(Schema.DateTimeUtc)("2024-02-29T12:30:00.125Z")
const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

const booking = (n: number, changes: Partial<ConstructorParameters<typeof Booking>[0]> = {}) =>
  new Booking({
    bookingId: id(n),
    version: n,
    clientId: "me",
    seats: [{ row: n }],
    names: [],
    expiresAt: Option.none(),
    extra: { n },
    ...changes
  })

const commit = (name: string, rows: ReadonlyArray<Booking>) =>
  Effect.gen(function* () {
    const view = yield* Bookings
    const fence = yield* claimed(yield* registered(name), "one")
    yield* view.commit({
      consumer: ConsumerId.make(name, new Tagging.EventTag({ name: "Booking", partition: 0 })),
      fence,
      expected: 0,
      offset: 1,
      rows: new Map(rows.map((row) => [row.bookingId, { view: row, version: row.version }]))
    })
  })
