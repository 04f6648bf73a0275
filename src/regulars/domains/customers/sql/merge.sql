-- name: keep_the_no
-- A merge never weakens consent: a "no" that either had said holds for both until they say yes again.
INSERT INTO consents (customer_id, identifier_id, channel, topic, answer, at, source, because, message_id, merge_id)
SELECT m.kept_id, own.id, e.channel, e.topic, 'no', %(at)s, 'merge', '{}', 'merge:' || m.merge_id, m.merge_id
  FROM merged AS m
  JOIN identifiers AS own ON own.kind = 'customer' AND own.value = m.kept_id::text
  JOIN LATERAL (SELECT DISTINCT channel, topic FROM effective_consents AS c
                 WHERE c.customer_id IN (m.kept_id, m.absorbed_id) AND c.answer = 'no') AS e ON true
    ON CONFLICT DO NOTHING;

-- name: move_events
-- All events of the absorbed customers are the kept ones', as if it had always been so.
UPDATE events AS e SET customer_id = m.kept_id FROM merged AS m WHERE e.customer_id = m.absorbed_id;

-- name: move_caused
-- What the system caused and this very tick brings happened to the kept ones too.
UPDATE tick_messages AS t SET customer_id = m.kept_id
  FROM merged AS m WHERE t.kind = 'caused' AND t.customer_id = m.absorbed_id;

-- name: move_trait_values
-- So are their traits, each at its own time.
UPDATE trait_values AS v SET customer_id = m.kept_id FROM merged AS m WHERE v.customer_id = m.absorbed_id;

-- name: move_consents
-- So are their answers.
UPDATE consents AS c SET customer_id = m.kept_id FROM merged AS m WHERE c.customer_id = m.absorbed_id;

-- name: close_absorbed
-- The absorbed customer remains as a pointer, and the kept one has been seen as early and as late as both.
WITH absorbed AS (
    UPDATE customers AS c SET merged_into = m.kept_id FROM merged AS m WHERE c.id = m.absorbed_id
    RETURNING m.kept_id, c.first_seen_at, c.last_seen_at)
UPDATE customers AS c
   SET first_seen_at = least(c.first_seen_at, a.first_seen_at), last_seen_at = greatest(c.last_seen_at, a.last_seen_at)
  FROM (SELECT kept_id, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
          FROM absorbed GROUP BY kept_id) AS a
 WHERE c.id = a.kept_id;

-- name: shorten_pointers
-- Whoever had been absorbed by an absorbed customer points to the one that is left.
UPDATE customers AS c SET merged_into = m.kept_id FROM merged AS m WHERE c.merged_into = m.absorbed_id;

-- name: take_unmerge_orders
-- Merges to undo now, the latest merge first.
WITH taken AS (DELETE FROM unmerge_orders RETURNING merge_id, ordered_by),
undone AS (
    UPDATE merges AS m SET undone_at = %(at)s, undone_by = t.ordered_by
      FROM taken AS t WHERE m.id = t.merge_id AND m.undone_at IS NULL
    RETURNING m.id AS merge_id, m.seq, m.kept_id, m.absorbed_id, m.identifier_ids)
SELECT merge_id, kept_id, absorbed_id, identifier_ids FROM undone ORDER BY seq DESC;

-- name: owner_of
-- Whom a customer is part of at this moment.
SELECT coalesce(merged_into, id) FROM customers WHERE id = %(id)s;

-- name: unmerge
-- Gives the absorbed customer back its identifiers, as far as they still point to who absorbed it, and all that came
-- by them: events, traits and answers. What was refused while they were one stays refused for both.
WITH back AS (
    UPDATE identifiers SET customer_id = %(absorbed_id)s
     WHERE id = ANY(%(identifier_ids)s) AND customer_id = %(kept_id)s RETURNING id, customer_id),
followed AS (
    INSERT INTO identifier_moves (identifier_id, customer_id) SELECT id, customer_id FROM back ORDER BY back.id),
events_back AS (
    UPDATE events SET customer_id = %(absorbed_id)s
     WHERE customer_id = %(kept_id)s AND identifier_id = ANY(SELECT id FROM back)),
traits_back AS (
    UPDATE trait_values SET customer_id = %(absorbed_id)s WHERE identifier_id = ANY(SELECT id FROM back)),
refused AS (
    INSERT INTO consents (customer_id, identifier_id, channel, topic, answer, at, source, because, message_id)
    SELECT %(absorbed_id)s, own.id, c.channel, c.topic, 'no', c.at, 'unmerge', '{}', 'unmerge:' || m.id || ':' || c.seq
      FROM merges AS m
      JOIN consents AS c ON c.customer_id = %(kept_id)s AND c.answer = 'no' AND c.merge_id IS NULL AND c.at >= m.at
      JOIN identifiers AS own ON own.kind = 'customer' AND own.value = %(absorbed_id)s::uuid::text
     WHERE m.id = %(merge_id)s AND NOT EXISTS (SELECT FROM back WHERE back.id = c.identifier_id)
        ON CONFLICT DO NOTHING),
consents_back AS (
    UPDATE consents SET customer_id = %(absorbed_id)s WHERE identifier_id = ANY(SELECT id FROM back)),
opened AS (
    UPDATE customers SET merged_into = NULL WHERE id = %(absorbed_id)s),
apart AS (
    INSERT INTO separations
    SELECT DISTINCT least(other.id, %(absorbed_id)s::uuid), greatest(other.id, %(absorbed_id)s::uuid), %(at)s::timestamptz
      FROM (VALUES (%(kept_id)s::uuid), (%(merged_with)s::uuid)) AS other (id)
        ON CONFLICT DO NOTHING)
INSERT INTO unmerged VALUES (%(kept_id)s, %(absorbed_id)s, %(merge_id)s);

-- name: repoint_after_unmerge
-- Customers that were absorbed by the one set free belong to it again.
UPDATE customers AS c
   SET merged_into = u.absorbed_id
  FROM unmerged AS u, identifiers AS i
 WHERE c.merged_into = u.kept_id AND i.kind = 'customer' AND i.value = c.id::text AND i.customer_id = u.absorbed_id
   AND c.id <> u.absorbed_id;

-- name: rebuild_after_change
-- The present traits and times of customers that were merged or taken apart, from their history.
WITH changed AS (
    SELECT kept_id AS id FROM merged UNION SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged),
latest AS (
    SELECT DISTINCT ON (v.customer_id, v.key) v.customer_id, v.key, v.value
      FROM trait_values AS v JOIN changed ON changed.id = v.customer_id
     ORDER BY v.customer_id, v.key, v.at DESC, v.seq DESC),
rebuilt AS (
    SELECT changed.id, coalesce(jsonb_object_agg(l.key, l.value) FILTER (WHERE l.value <> '""'), '{}') AS traits
      FROM changed LEFT JOIN latest AS l ON l.customer_id = changed.id GROUP BY changed.id),
seen AS (
    SELECT e.customer_id, min(e.at) AS first_at, max(e.at) AS last_at
      FROM (SELECT kept_id AS id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS apart
      JOIN events AS e ON e.customer_id = apart.id AND e.by_customer GROUP BY e.customer_id)
UPDATE customers AS c
   SET traits = r.traits, first_seen_at = coalesce(s.first_at, c.first_seen_at),
       last_seen_at = coalesce(s.last_at, c.last_seen_at)
  FROM rebuilt AS r LEFT JOIN seen AS s ON s.customer_id = r.id WHERE c.id = r.id;
