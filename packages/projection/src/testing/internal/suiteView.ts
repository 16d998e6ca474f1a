/**
 * The view of the view store suite: one column of every kind that a view is likely to have.
 */
import { ConsumerId, type Lease, type ProcessContext, ProcessLease, Tagging } from "@aecor/core"
import { BigDecimal, type Context, Duration, Effect, FastCheck, Schema } from "effect"
import * as ViewStore from "../../ViewStore.js"

const Row = Schema.Struct({
  owner: Schema.String,
  seatCount: Schema.Int,
  viewers: Schema.Int,
  paid: Schema.Boolean,
  note: Schema.NullOr(Schema.String),
  nickname: Schema.optionalWith(Schema.String, { exact: true, nullable: true }),
  confirmedAt: Schema.OptionFromNullOr(Schema.Int),
  placedAt: Schema.Date,
  total: Schema.BigDecimal,
  seats: Schema.Array(Schema.Struct({ row: Schema.Int, number: Schema.Int, heldBy: Schema.NullOr(Schema.String) }))
})

/** A row as the suite's view holds it. */
export type SuiteRow = typeof Row.Type

/**
 * The view that the suite commits to. An adapter for SQL needs this table, its columns named by the adapter's own rule
 * (`seatCount` or `seat_count`):
 *
 * ```sql
 * create table suite_view (
 *   key          text        primary key,
 *   version      bigint      not null,
 *   owner        text        not null,
 *   seat_count   integer     not null,
 *   viewers      bigint      not null, -- integers up to 2^53 - 1
 *   paid         boolean     not null,
 *   note         text,
 *   nickname     text,                 -- absent from the row where null
 *   confirmed_at bigint,
 *   placed_at    timestamptz not null, -- encoded: ISO 8601 with milliseconds, in UTC
 *   total        text        not null, -- encoded: a decimal number as text
 *   seats        jsonb       not null  -- encoded: an array of objects with the keys `row`, `number`, `heldBy`
 * )
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class SuiteView extends ViewStore.Tag<SuiteView>()("SuiteView", { row: Row }) {}

const encodeRow = Schema.encodeSync(Row)

/** A row in its encoded form: rows are compared in it, since equal decimals need not have equal digits. */
export const plain = ({ version, view }: ViewStore.Versioned<SuiteRow>) => ({ version, row: encodeRow(view) })

const text = FastCheck.oneof(
  FastCheck.string(),
  FastCheck.constantFrom("", "o'Neil \"\\", "é 日本 🎫", "null", "{a,b}")
)

/** Rows with the values that storages tend to lose. */
export const arbitraryRow: FastCheck.Arbitrary<SuiteRow> = FastCheck.record(
  {
    owner: text,
    seatCount: FastCheck.integer(),
    viewers: FastCheck.maxSafeInteger(),
    paid: FastCheck.boolean(),
    note: FastCheck.option(text),
    nickname: text,
    confirmedAt: FastCheck.option(FastCheck.maxSafeInteger()),
    placedAt: FastCheck.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
    total: FastCheck.tuple(FastCheck.bigInt(-(10n ** 30n), 10n ** 30n), FastCheck.integer({ min: 0, max: 20 })),
    seats: FastCheck.array(
      FastCheck.record({ row: FastCheck.nat(30), number: FastCheck.nat(50), heldBy: FastCheck.option(text) })
    )
  },
  { requiredKeys: ["owner", "seatCount", "viewers", "paid", "note", "confirmedAt", "placedAt", "total", "seats"] }
).map(({ total: [digits, scale], ...row }) =>
  Schema.decodeSync(Row)({
    ...row,
    placedAt: row.placedAt.toISOString(),
    total: BigDecimal.format(BigDecimal.make(digits, scale))
  })
)

/** A row of an owner, the same each time. */
export const rowOf = (owner: string, changes: Partial<SuiteRow> = {}): SuiteRow => ({
  ...Schema.decodeSync(Row)({
    owner,
    seatCount: 2,
    viewers: 9_007_199_254_740_991,
    paid: false,
    note: null,
    confirmedAt: 1_700_000_000_000,
    placedAt: "2024-02-29T12:30:00.125Z",
    total: "1000.50",
    seats: [{ row: 1, number: 2, heldBy: null }]
  }),
  ...changes
})

/** What a test works with, apart from all other tests on the same storage. */
interface Fresh {
  readonly id: string
  readonly store: ViewStore.ViewStore<SuiteRow>
  readonly lease: Context.Tag.Service<ProcessLease.ProcessLease>
  readonly consumer: ConsumerId.ConsumerId
  /** The fence of a claimed process, and the way to take the next epoch. */
  readonly fence: ProcessContext.Fence
  readonly claim: Effect.Effect<ProcessContext.Fence, Lease.ProcessLeaseError>
  /** A key that no other test uses. */
  readonly key: (name: string) => string
}

export const fresh: Effect.Effect<
  Fresh,
  Lease.ProcessLeaseError | Lease.DeploymentMismatch,
  SuiteView | ProcessLease.ProcessLease
> = Effect.gen(function* () {
  const store = yield* SuiteView
  const lease = yield* ProcessLease.ProcessLease
  const id = globalThis.crypto.randomUUID()
  yield* lease.register(id, 1)
  const claim = Effect.gen(function* () {
    const claimed = yield* lease.claim({ deployment: id, index: 0, generation: 0 }, "suite", Duration.seconds(3))
    return claimed._tag === "Claimed" ? claimed.fence : yield* Effect.dieMessage(`the claim answered ${claimed._tag}`)
  })
  return {
    id,
    store,
    lease,
    claim,
    fence: yield* claim,
    consumer: ConsumerId.make(id, new Tagging.EventTag({ name: "Suite", partition: 0 })),
    key: (name: string) => `${id}/${name}`
  }
})
