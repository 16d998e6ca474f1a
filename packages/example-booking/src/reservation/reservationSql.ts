/**
 * The reservation's tables and its two functions. Each call is one function, so one transaction, whatever becomes of
 * the caller.
 *
 * Locks are taken in one order: the booking's own reservation, then seats by (concert, row, number). So two callers
 * never wait for each other, whichever seats they want.
 */

export const tables = `
CREATE TABLE reservation (
  booking_id text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('open', 'held', 'refused', 'released')),
  answer jsonb,
  reserved_at timestamptz,
  released_at timestamptz
);

CREATE TABLE seat (
  concert_id text NOT NULL,
  "row" integer NOT NULL,
  number integer NOT NULL,
  price numeric NOT NULL,
  booking_id text REFERENCES reservation,
  PRIMARY KEY (concert_id, "row", number)
);

CREATE INDEX seat_booking_id ON seat (booking_id) WHERE booking_id IS NOT NULL;
`

export const concerts = `
INSERT INTO seat (concert_id, "row", number, price)
SELECT concert_id, "row", number, CASE WHEN "row" <= 10 THEN 500 ELSE 300 END
FROM unnest(ARRAY['concertA', 'concertB']) AS concert_id, generate_series(1, 30) AS "row", generate_series(1, 50) AS number;
`

/** Answers as `TicketReservation.Answer` encodes. The first call decides, all later ones hear the same. */
export const reserve = `
CREATE FUNCTION reserve_seats(booking text, concert text, wanted jsonb, expires_at text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  known reservation;
  decision jsonb;
BEGIN
  INSERT INTO reservation (booking_id, state) VALUES (booking, 'open') ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT known FROM reservation WHERE booking_id = booking FOR UPDATE;
  IF known.state <> 'open' THEN
    RETURN known.answer;
  END IF;

  PERFORM FROM seat
  JOIN jsonb_to_recordset(wanted) AS w("row" integer, number integer) USING ("row", number)
  WHERE concert_id = concert
  ORDER BY concert_id, "row", number
  FOR UPDATE OF seat;

  -- Locked, so what is read now stays.
  SELECT CASE
    WHEN bool_or(seat.price IS NULL) THEN jsonb_build_object(
      '_tag', 'UnknownSeats',
      'seats', jsonb_agg(place ORDER BY w."row", w.number) FILTER (WHERE seat.price IS NULL))
    WHEN bool_or(seat.booking_id IS NOT NULL) THEN jsonb_build_object(
      '_tag', 'SeatsAlreadyBooked',
      'seats', jsonb_agg(place ORDER BY w."row", w.number) FILTER (WHERE seat.booking_id IS NOT NULL))
    ELSE jsonb_build_object(
      '_tag', 'SeatsHeld',
      'tickets', jsonb_agg(
        jsonb_build_object('seat', place, 'price', trim_scale(seat.price)::text) ORDER BY w."row", w.number),
      'expiresAt', expires_at)
  END INTO STRICT decision
  FROM (SELECT DISTINCT "row", number FROM jsonb_to_recordset(wanted) AS _("row" integer, number integer)) AS w
  CROSS JOIN LATERAL jsonb_build_object('row', w."row", 'number', w.number) AS place
  LEFT JOIN seat ON seat.concert_id = concert AND seat."row" = w."row" AND seat.number = w.number;

  IF decision->>'_tag' = 'SeatsHeld' THEN
    UPDATE seat SET booking_id = booking
    FROM jsonb_to_recordset(wanted) AS w("row" integer, number integer)
    WHERE concert_id = concert AND seat."row" = w."row" AND seat.number = w.number;
  END IF;
  UPDATE reservation
  SET state = CASE decision->>'_tag' WHEN 'SeatsHeld' THEN 'held' ELSE 'refused' END,
    answer = decision, reserved_at = clock_timestamp()
  WHERE booking_id = booking;
  RETURN decision;
END $$;
`

/** Final: whatever is asked for later is refused. A booking that was refused keeps its refusal. */
export const release = `
CREATE FUNCTION release_seats(booking text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  known reservation;
BEGIN
  INSERT INTO reservation (booking_id, state) VALUES (booking, 'open') ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT known FROM reservation WHERE booking_id = booking FOR UPDATE;
  IF known.state = 'released' THEN
    RETURN;
  END IF;
  PERFORM FROM seat WHERE booking_id = booking ORDER BY concert_id, "row", number FOR UPDATE;
  UPDATE seat SET booking_id = NULL WHERE booking_id = booking;
  UPDATE reservation
  SET state = 'released', released_at = clock_timestamp(),
    answer = CASE WHEN known.state = 'refused' THEN known.answer ELSE '{"_tag": "ReservationReleased"}' END
  WHERE booking_id = booking;
END $$;
`
