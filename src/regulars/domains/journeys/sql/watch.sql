-- name: waiting_enrolments
-- Customers whose time has come in a live journey: each journey counted up to a ceiling, and the most late of all.
SELECT coalesce(sum(due.many), 0)::bigint AS many, min(due.oldest_at) AS oldest_at,
       (array_agg(j.slug ORDER BY due.oldest_at))[1] AS of
  FROM journeys AS j
 CROSS JOIN LATERAL (
       SELECT count(*) AS many, min(wake_at) AS oldest_at
         FROM (SELECT wake_at FROM enrolments AS e
                WHERE e.journey_id = j.id AND e.left_at IS NULL AND e.wake_at <= %(at)s
                ORDER BY e.wake_at LIMIT %(count_max)s) AS counted) AS due
 WHERE j.state = 'live' AND due.many > 0;

-- name: oldest_event
-- The first event with which somebody entered who is still inside: what is sent to them may mention it.
SELECT min(event_seq) FROM enrolments WHERE left_at IS NULL;
