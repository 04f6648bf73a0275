-- name: put_list
-- Writes a list's name.
INSERT INTO lists AS l (slug, name, created_at, created_by, changed_at, changed_by)
VALUES (%(slug)s, %(name)s, %(at)s, %(by)s, %(at)s, %(by)s)
    ON CONFLICT (slug) DO UPDATE
   SET name = excluded.name, changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: delete_list
-- Forgets a list's name; who was on it stays in the log.
DELETE FROM lists WHERE slug = %(slug)s;

-- name: touch_list
-- Notes a change of a list's members, and keeps others from changing them until this is committed.
UPDATE lists SET changed_at = %(at)s, changed_by = %(by)s WHERE slug = %(slug)s;

-- name: one_list
-- One list and how many are on it.
SELECT l.slug, l.name, l.changed_at,
       (SELECT count(*) FROM list_members AS m WHERE m.list = l.slug AND m.joined) AS members
  FROM lists AS l WHERE l.slug = %(slug)s;

-- name: lists
-- A page of lists by slug.
SELECT l.slug, l.name, l.changed_at,
       (SELECT count(*) FROM list_members AS m WHERE m.list = l.slug AND m.joined) AS members
  FROM lists AS l
 WHERE %(after)s::text IS NULL OR l.slug > %(after)s ORDER BY l.slug LIMIT %(limit)s;

-- name: list_slugs
-- All lists there are.
SELECT slug FROM lists ORDER BY slug;

-- name: lists_of
-- The lists a customer is on.
SELECT l.slug, l.name, m.at AS since
  FROM list_members AS m JOIN lists AS l ON l.slug = m.list
 WHERE m.customer_id = %(customer_id)s AND m.joined ORDER BY l.slug;

-- name: list_members
-- Who is on a list, the newest first.
SELECT customer_id, at AS since FROM list_members
 WHERE list = %(slug)s AND joined
   AND (%(before_at)s::timestamptz IS NULL OR (at, customer_id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY at DESC, customer_id DESC LIMIT %(limit)s;

-- name: pointed_to
-- Whom these point to, each by its place; a customer's own id also points to what has since become of them.
SELECT g.place::integer - 1 AS place, i.customer_id
  FROM unnest(%(kinds)s::text[], %(values)s::text[]) WITH ORDINALITY AS g (kind, value, place)
  JOIN identifiers AS i ON i.kind = g.kind AND i.value = g.value;

-- name: on_list_among
-- Which of these customers are on a list once what waits in the inbox is worked in, under whatever id it waits.
WITH asked AS (SELECT DISTINCT customer_id FROM unnest(%(customers)s::uuid[]) AS g (customer_id)),
told AS (
    SELECT own.customer_id, i.name = 'List Joined' AS joined, i.at, i.seq, true AS waits
      FROM asked
      JOIN identifiers AS own ON own.customer_id = asked.customer_id AND own.kind = 'customer'
      JOIN inbox AS i ON i.customer_id = own.value::uuid
     WHERE i.name IN ('List Joined', 'List Left') AND i.properties ->> 'list' = %(slug)s
     UNION ALL
    SELECT m.customer_id, m.joined, m.at, m.seq, false
      FROM asked JOIN list_members AS m ON m.customer_id = asked.customer_id AND m.list = %(slug)s)
SELECT customer_id FROM (
    SELECT DISTINCT ON (customer_id) customer_id, joined FROM told ORDER BY customer_id, at DESC, waits DESC, seq DESC
    ) AS last WHERE joined;

-- name: on_list
-- Everybody who is on a list or about to be.
SELECT customer_id FROM list_members WHERE list = %(slug)s AND joined
 UNION
SELECT own.customer_id
  FROM inbox AS i JOIN identifiers AS own ON own.kind = 'customer' AND own.value = i.customer_id::text
 WHERE i.name IN ('List Joined', 'List Left') AND i.name = 'List Joined' AND i.properties ->> 'list' = %(slug)s;

-- name: note_list_events
-- What this tick's events say of customers and lists, where it is the last that is said.
INSERT INTO list_members AS m (customer_id, list, joined, at, seq)
SELECT DISTINCT ON (customer_id, properties ->> 'list')
       customer_id, properties ->> 'list', name = 'List Joined', at, seq
  FROM recorded
 WHERE name IN ('List Joined', 'List Left') AND properties ->> 'list' IS NOT NULL
 ORDER BY customer_id, properties ->> 'list', at DESC, seq DESC
    ON CONFLICT (customer_id, list) DO UPDATE SET joined = excluded.joined, at = excluded.at, seq = excluded.seq
 WHERE (m.at, m.seq) < (excluded.at, excluded.seq);

-- name: move_list_members
-- The last that is said of the absorbed customers and the kept one together counts for the kept one.
WITH moved AS (
    DELETE FROM list_members AS m USING merged AS g WHERE m.customer_id = g.absorbed_id
    RETURNING g.kept_id, m.list, m.joined, m.at, m.seq)
INSERT INTO list_members AS m (customer_id, list, joined, at, seq)
SELECT DISTINCT ON (kept_id, list) kept_id, list, joined, at, seq
  FROM moved ORDER BY kept_id, list, at DESC, seq DESC
    ON CONFLICT (customer_id, list) DO UPDATE SET joined = excluded.joined, at = excluded.at, seq = excluded.seq
 WHERE (m.at, m.seq) < (excluded.at, excluded.seq);

-- name: forget_lists_of_unmerged
-- Where customers were taken apart, only the log knows whose word was the last: theirs, and that of whom they have
-- become part of in the same tick. What the log does not hold any more stays with whom it is.
DELETE FROM list_members AS m
 USING (SELECT u.id FROM (SELECT kept_id AS id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS u
         UNION SELECT g.kept_id FROM merged AS g JOIN unmerged AS u ON g.absorbed_id IN (u.kept_id, u.absorbed_id)
       ) AS apart
 WHERE m.customer_id = apart.id AND EXISTS (SELECT FROM events AS e WHERE e.seq = m.seq);

-- name: reread_lists_of_unmerged
-- What the log says of them.
INSERT INTO list_members AS m (customer_id, list, joined, at, seq)
SELECT DISTINCT ON (e.customer_id, e.properties ->> 'list')
       e.customer_id, e.properties ->> 'list', e.name = 'List Joined', e.at, e.seq
  FROM (SELECT u.id FROM (SELECT kept_id AS id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS u
         UNION SELECT g.kept_id FROM merged AS g JOIN unmerged AS u ON g.absorbed_id IN (u.kept_id, u.absorbed_id)
       ) AS apart
  JOIN events AS e ON e.customer_id = apart.id
 WHERE e.name IN ('List Joined', 'List Left') AND e.properties ->> 'list' IS NOT NULL
 ORDER BY e.customer_id, e.properties ->> 'list', e.at DESC, e.seq DESC
    ON CONFLICT (customer_id, list) DO UPDATE SET joined = excluded.joined, at = excluded.at, seq = excluded.seq
 WHERE (m.at, m.seq) < (excluded.at, excluded.seq);
