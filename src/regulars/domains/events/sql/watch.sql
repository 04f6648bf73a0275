-- name: waiting_live
-- What came in and waits for a tick: counted up to a ceiling, and since when the first of it waits.
SELECT (SELECT count(*) FROM (SELECT FROM inbox WHERE NOT historical LIMIT %(count_max)s) AS counted) AS many,
       (SELECT received_at FROM inbox WHERE NOT historical ORDER BY seq LIMIT 1) AS oldest_at, NULL::text AS of;

-- name: waiting_history
-- The same of imported history, which waits until nothing else does.
SELECT (SELECT count(*) FROM (SELECT FROM inbox WHERE historical LIMIT %(count_max)s) AS counted) AS many,
       (SELECT received_at FROM inbox WHERE historical ORDER BY seq LIMIT 1) AS oldest_at, NULL::text AS of;

-- name: waiting_refused
-- What was refused at the door, with what was put aside among it, and when the last of it was.
SELECT count(*) AS many, max(at) AS oldest_at, (array_agg(code ORDER BY at DESC))[1] AS of
  FROM (SELECT at, code FROM rejections WHERE at <= %(at)s ORDER BY at DESC, id DESC LIMIT %(count_max)s) AS counted;

-- name: waiting_put_aside
-- What was accepted and put aside, and since when the first of it is.
SELECT count(*) AS many, min(at) AS oldest_at, (array_agg(reason ORDER BY at))[1] AS of
  FROM (SELECT at, reason FROM rejections WHERE code = 'stops_ticks' AND at <= %(at)s
         ORDER BY at DESC, id DESC LIMIT %(count_max)s) AS counted;

-- name: count_tail
-- How many events the log has after an offset, counted up to a ceiling.
SELECT count(*) FROM (SELECT FROM events WHERE seq > %(after)s LIMIT %(count_max)s) AS counted;
