/**
 * The table of the view `bookings`: the row's fields as columns, beside the version that the projection keeps.
 */
import { PgMigrations } from "@aecor/journal-pg"

export const migrations: PgMigrations.Migrations = PgMigrations.make("bookings", [
  PgMigrations.step(
    "table",
    `
    CREATE TABLE bookings (
      booking_id text PRIMARY KEY,
      client_id text NOT NULL,
      concert_id text NOT NULL,
      seats jsonb NOT NULL,
      tickets jsonb NOT NULL,
      status text NOT NULL,
      confirmed_at timestamptz,
      expires_at timestamptz,
      version bigint NOT NULL
    );
    CREATE INDEX bookings_client_id ON bookings (client_id);
    CREATE INDEX bookings_expires_at ON bookings (expires_at) WHERE expires_at IS NOT NULL;
    `
  ),
  // of the next version of the view
  PgMigrations.step("next", "CREATE TABLE bookings_2 (LIKE bookings INCLUDING ALL, total text NOT NULL)")
])
