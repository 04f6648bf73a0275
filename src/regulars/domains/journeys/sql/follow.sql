-- name: follow_enrolments
-- Enrolments from an offset on, in the order in which customers entered.
SELECT e.seq, own.customer_id, own.id AS identifier_id, e.id AS enrolment_id, j.slug AS journey, e.version, e.event_seq,
       e.entered_at AS at
  FROM enrolments AS e
  JOIN journeys AS j ON j.id = e.journey_id
  JOIN identifiers AS own ON own.kind = 'customer' AND own.value = e.entered_as::text
 WHERE e.seq > %(after)s ORDER BY e.seq LIMIT %(rows_max)s;

-- name: number_leavings
-- Gives enrolments that have ended their place in the order in which that is followed.
UPDATE enrolments SET left_seq = nextval('enrolments_left_seq')
 WHERE id IN (SELECT id FROM enrolments WHERE left_at IS NOT NULL AND left_seq IS NULL
               ORDER BY left_at, id LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED);

-- name: follow_leavings
-- Enrolments that have ended, from an offset on.
SELECT left_seq AS seq, id AS enrolment_id, left_at AS at, left_because AS because, visit AS visits
  FROM enrolments WHERE left_seq > %(after)s ORDER BY left_seq LIMIT %(rows_max)s;

-- name: follow_passages
-- Steps taken, from an offset on.
SELECT seq, enrolment_id, visit, step, kind, at FROM passages WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s;
