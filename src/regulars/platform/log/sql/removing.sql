-- name: oldest_before
-- The oldest part of the log if it ends by an instant.
SELECT name, nullif(first, '-infinity') AS first, until FROM log_parts
 WHERE NOT leaving AND until <= %(until)s ORDER BY log_parts.first LIMIT 1;

-- name: log_size
-- How many parts the log has, what they take on the disk, about how many events that is, and from when on it is whole.
SELECT count(*) AS parts, coalesce(sum(pg_total_relation_size(p.oid)), 0)::bigint AS bytes,
       coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint AS events, (SELECT max(until) FROM log_removals) AS begins
  FROM log_parts AS p JOIN pg_class AS c ON c.oid = p.oid WHERE NOT p.leaving;

-- name: held_inside
-- How many events came in between two instants, the last of them, and the latest instant at which one of them happened.
SELECT count(*) AS events, max(seq) AS last_seq, max(at) AS last_at
  FROM events WHERE received_at >= coalesce(%(first)s::timestamptz, '-infinity') AND received_at < %(until)s;

-- name: decide_removal
-- From now on this part is not counted upon, unless another process has decided so already.
INSERT INTO log_removals (name, first, until, events, last_seq, bytes, decided_at)
SELECT name, first, until, %(events)s, %(last_seq)s, pg_total_relation_size(oid), %(at)s
  FROM log_parts WHERE name = %(name)s
    ON CONFLICT DO NOTHING;

-- name: undone_removal
-- What was decided and is not done, and where it stands: still in the log, half out of it, out of it, or nowhere.
SELECT r.name, p.name IS NOT NULL AS attached, coalesce(p.leaving, false) AS leaving, to_regclass(r.name) IS NOT NULL AS there
  FROM log_removals AS r LEFT JOIN log_parts AS p ON p.name = r.name
 WHERE r.removed_at IS NULL ORDER BY r.until LIMIT 1;

-- name: note_removed
-- It is done.
UPDATE log_removals SET removed_at = %(at)s WHERE name = %(name)s;

-- name: last_seq_inside
-- The last event that came in between two instants, as its part's index by number knows it.
SELECT max(seq) FROM events WHERE received_at >= coalesce(%(first)s::timestamptz, '-infinity') AND received_at < %(until)s;
