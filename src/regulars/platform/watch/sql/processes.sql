-- name: beat
-- What a process says of itself, in the one row it has.
INSERT INTO processes (id, role, host, pid, version, started_at, seen_at, stopped_at, numbers)
VALUES (%(id)s, %(role)s, %(host)s, %(pid)s, %(version)s, %(started_at)s, %(at)s, %(stopped_at)s, %(numbers)s)
    ON CONFLICT (id) DO UPDATE
   SET seen_at = excluded.seen_at, stopped_at = excluded.stopped_at, numbers = excluded.numbers;

-- name: processes
-- Who was heard of lately, the latest first. The table has a row for each start of the last days.
SELECT id, role, host, pid, version, started_at, seen_at, stopped_at, numbers
  FROM processes ORDER BY seen_at DESC, id LIMIT %(limit)s;

-- name: forget_processes
-- Forgets who was not heard of since an instant, but not the last that fed the warehouse.
DELETE FROM processes AS p
 WHERE p.seen_at < %(before)s
   AND p.id IS DISTINCT FROM (SELECT l.id FROM processes AS l WHERE l.role <> 'web' ORDER BY l.seen_at DESC, l.id LIMIT 1);

-- name: server
-- What answers, the last migration it has, and how large the database is by the sizes of its files.
SELECT current_setting('server_version') AS version,
       (SELECT lpad(number::text, 4, '0') || '_' || name FROM migrations ORDER BY number DESC LIMIT 1) AS schema,
       CASE WHEN %(sized)s THEN pg_database_size(current_database()) ELSE 0 END AS bytes;
