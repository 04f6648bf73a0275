-- name: put_audience
-- Writes an audience.
INSERT INTO audiences AS a (id, slug, name, rule, changed_at, changed_by)
VALUES (%(id)s, %(slug)s, %(name)s, %(rule)s, %(at)s, %(by)s)
    ON CONFLICT (slug) DO UPDATE
   SET name = excluded.name, rule = excluded.rule, changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: delete_audience
-- Ends an audience; its events stay in the log.
DELETE FROM audiences WHERE slug = %(slug)s;

-- name: audience
-- One audience.
SELECT slug, name, rule, changed_at FROM audiences WHERE slug = %(slug)s;

-- name: audiences
-- A page of audiences by slug.
SELECT slug, name, rule, changed_at FROM audiences
 WHERE %(after)s::text IS NULL OR slug > %(after)s ORDER BY slug LIMIT %(limit)s;

-- name: member_counts
-- How many members each of these audiences has; none that nobody has been judged by yet.
SELECT r.part AS slug, count(v.customer_id) AS members
  FROM rules AS r LEFT JOIN verdicts AS v ON v.rule_id = r.id AND v.holds
 WHERE r.owner = 'audience' AND r.state = 'live' AND r.part = ANY(%(slugs)s)
 GROUP BY r.part;

-- name: members
-- The members of an audience, the newest first.
SELECT v.customer_id, v.since
  FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id
 WHERE r.owner = 'audience' AND r.part = %(slug)s AND r.state = 'live' AND v.holds
   AND (%(before_at)s::timestamptz IS NULL OR (v.since, v.customer_id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY v.since DESC, v.customer_id DESC LIMIT %(limit)s;

-- name: trait_keys
-- The traits customers have, with a few values of each.
SELECT key, examples FROM trait_keys ORDER BY key LIMIT %(limit)s;

-- name: trait_examples
-- Values a trait has had.
SELECT examples FROM trait_keys WHERE key = %(key)s;

-- name: event_properties
-- The properties events of a name have had, with values.
SELECT path AS key, examples FROM event_properties WHERE name = %(name)s ORDER BY path LIMIT %(limit)s;

-- name: property_examples
-- Values a property of an event has had.
SELECT examples FROM event_properties WHERE name = %(name)s AND path = %(path)s;

-- name: last_event
-- How far the log has come.
SELECT coalesce(max(seq), 0) FROM events;
