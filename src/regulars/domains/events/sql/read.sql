-- name: timeline
-- What happened to a customer, the latest first. An event's id follows from its message.
SELECT derived_id(received_at, message_id) AS id, seq, name, at, properties, kind, by_customer, received_at, historical
  FROM events
 WHERE customer_id = %(customer_id)s
   AND (%(before_at)s::timestamptz IS NULL OR (at, seq) < (%(before_at)s, %(before_seq)s::bigint))
 ORDER BY at DESC, seq DESC LIMIT %(limit)s;

-- name: rejections
-- What was refused, the latest first.
SELECT id, at, source, code, reason, pointer, body, kind, historical, cut
  FROM rejections
 WHERE %(before_at)s::timestamptz IS NULL OR (at, id) < (%(before_at)s, %(before_id)s::uuid)
 ORDER BY at DESC, id DESC LIMIT %(limit)s;

-- name: rejections_refused
-- What was refused at the door, the latest first.
SELECT id, at, source, code, reason, pointer, body, kind, historical, cut
  FROM rejections
 WHERE code <> 'stops_ticks'
   AND (%(before_at)s::timestamptz IS NULL OR (at, id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY at DESC, id DESC LIMIT %(limit)s;

-- name: rejections_put_aside
-- What was accepted and put aside, the latest first.
SELECT id, at, source, code, reason, pointer, body, kind, historical, cut
  FROM rejections
 WHERE code = 'stops_ticks'
   AND (%(before_at)s::timestamptz IS NULL OR (at, id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY at DESC, id DESC LIMIT %(limit)s;

-- name: imports
-- Files that were or are being imported, the latest first.
SELECT id, file, kind, state, rows, accepted, rejected, started_at, finished_at
  FROM imports
 WHERE %(before_at)s::timestamptz IS NULL OR (started_at, id) < (%(before_at)s, %(before_id)s::uuid)
 ORDER BY started_at DESC, id DESC LIMIT %(limit)s;

-- name: event_names
-- The names events have, the most frequent first.
SELECT name, events, last_at FROM event_names ORDER BY events DESC, name LIMIT %(limit)s;

-- name: has_waiting_history
-- Whether imported history waits in the inbox.
SELECT EXISTS (SELECT FROM inbox WHERE historical);
