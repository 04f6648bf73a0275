-- name: waiting_transactional
-- Messages that may go out now and have not: counted up to a ceiling, and when the first of them was due.
SELECT count(*) AS many, min(due_at) AS oldest_at, NULL::text AS of
  FROM (SELECT due_at FROM messages WHERE state = 'queued' AND purpose = 'transactional' AND due_at <= %(at)s
         ORDER BY due_at LIMIT %(count_max)s) AS counted;

-- name: waiting_marketing
-- The same of marketing.
SELECT count(*) AS many, min(due_at) AS oldest_at, NULL::text AS of
  FROM (SELECT due_at FROM messages WHERE state = 'queued' AND purpose = 'marketing' AND due_at <= %(at)s
         ORDER BY due_at LIMIT %(count_max)s) AS counted;

-- name: waiting_unknown
-- Messages of which nobody knows whether they went out, and since when the first of them is.
SELECT count(*) AS many, min(final_at) AS oldest_at, NULL::text AS of
  FROM (SELECT final_at FROM messages WHERE state = 'unknown' AND final_at <= %(at)s
         ORDER BY final_at LIMIT %(count_max)s) AS counted;

-- name: oldest_event
-- The first event that a message which may still go out mentions.
SELECT min(event_seq) FROM messages WHERE state IN ('queued', 'sending');

-- name: held_now
-- Whether sending is held, and of what waits first, counted up to a ceiling, how much may have been sent before.
SELECT (s.value ->> 'since')::timestamptz AS since, s.value ->> 'by' AS by, s.value ->> 'because' AS because,
       least(%(count_max)s::integer, w.waiting)::integer AS waiting, least(%(count_max)s::integer, w.doubtful)::integer AS doubtful
  FROM settings AS s CROSS JOIN LATERAL (
       SELECT count(*) AS waiting, count(*) FILTER (WHERE m.created_at <= (s.value ->> 'made_until')::timestamptz) AS doubtful
         FROM ((SELECT created_at FROM messages WHERE state = 'queued' ORDER BY purpose, due_at LIMIT %(count_max)s)
               UNION ALL
               (SELECT created_at FROM messages WHERE state = 'sending' LIMIT %(count_max)s)) AS m) AS w
 WHERE s.name = 'sending_held';
