import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"

/** What a node's role may do, as the last module of the migrations that the owner of the tables runs. */
export const rights = (role: string) =>
  PgMigrations.make("grants", [
    PgMigrations.step(
      "node",
      PgMigrations.grants(role) +
        PgProcessLease.grants(role) +
        PgOffsetStore.grants(role) +
        PgJournal.grants({ table: "booking_event" }, role) +
        PgViewStore.grants({ table: "bookings" }, role)
    )
  ])
