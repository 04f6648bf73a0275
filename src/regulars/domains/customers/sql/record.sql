-- name: add_trait_values
-- The traits of this tick's new identify messages join the history.
INSERT INTO trait_values (customer_id, key, at, identifier_id, message_id, value, text, number, instant)
SELECT t.customer_id, v.key, t.at, t.identifier_id, t.message_id,
       v.value -> 'v', v.value ->> 't', (v.value ->> 'n')::double precision, (v.value ->> 'i')::timestamptz
  FROM recorded AS r
  JOIN tick_messages AS t ON t.message_id = r.message_id
 CROSS JOIN LATERAL jsonb_each(t.traits) AS v
 WHERE t.traits <> '{}'
 ORDER BY t.seq;

-- name: project_traits
-- The present value of every trait this tick touched: that of the latest event time, not of the latest arrival.
WITH touched AS (
    SELECT DISTINCT t.customer_id, k.key
      FROM recorded AS r JOIN tick_messages AS t ON t.message_id = r.message_id
     CROSS JOIN LATERAL jsonb_object_keys(t.traits) AS k (key)
     WHERE t.traits <> '{}'),
latest AS (
    SELECT touched.customer_id, jsonb_object_agg(touched.key, v.value) AS traits
      FROM touched
     CROSS JOIN LATERAL (SELECT value FROM trait_values AS h
                          WHERE h.customer_id = touched.customer_id AND h.key = touched.key
                          ORDER BY h.at DESC, h.seq DESC LIMIT 1) AS v
     GROUP BY touched.customer_id)
UPDATE customers AS c
   SET traits = (SELECT coalesce(jsonb_object_agg(key, value), '{}')
                   FROM jsonb_each(c.traits || latest.traits) WHERE value <> '""')
  FROM latest WHERE c.id = latest.customer_id;

-- name: remember_trait_keys
-- The keys ever seen with example values, to suggest when a rule is written: few where they look like some person's own.
INSERT INTO trait_keys AS k (key, examples)
SELECT key, jsonb_agg(value) FROM (
    SELECT v.key, v.value -> 'v' AS value,
           row_number() OVER (PARTITION BY v.key ORDER BY min(t.seq)) AS nth
      FROM recorded AS r JOIN tick_messages AS t ON t.message_id = r.message_id
     CROSS JOIN LATERAL jsonb_each(t.traits) AS v
     WHERE t.traits <> '{}' AND length(v.value ->> 't') <= 80
     GROUP BY v.key, v.value -> 'v') AS seen
 WHERE nth <= 5 GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET examples = (
       SELECT jsonb_agg(value ORDER BY place) FROM (
           SELECT value, min(place) AS place
             FROM jsonb_array_elements(k.examples || excluded.examples) WITH ORDINALITY AS e (value, place)
            GROUP BY value ORDER BY place
            LIMIT CASE WHEN k.key ~* %(personal)s THEN %(few)s::integer ELSE %(many)s::integer END) AS first_seen)
     WHERE jsonb_array_length(k.examples) < CASE WHEN k.key ~* %(personal)s THEN %(few)s::integer ELSE %(many)s::integer END
       AND NOT k.examples @> excluded.examples;

-- name: add_consents
-- Answers that came with this tick's new messages.
INSERT INTO consents (customer_id, identifier_id, channel, topic, answer, at, source, because, message_id)
SELECT t.customer_id, t.identifier_id, c.value ->> 'channel', c.value ->> 'topic', c.value ->> 'answer',
       t.at, coalesce(c.value ->> 'source', t.source), jsonb_build_object('event', t.name), t.message_id
  FROM recorded AS r JOIN tick_messages AS t ON t.message_id = r.message_id
 CROSS JOIN LATERAL jsonb_array_elements(t.consents) AS c
 WHERE t.consents <> '[]'
 ORDER BY t.seq
    ON CONFLICT DO NOTHING;

-- name: mark_seen
-- When each customer was first and last seen doing something, the latter to within a grain: every new instant is a new
-- entry in the index that lists who was seen last.
UPDATE customers AS c
   SET first_seen_at = least(c.first_seen_at, s.first_at), last_seen_at = greatest(c.last_seen_at, s.last_at)
  FROM (SELECT customer_id, min(at) AS first_at, max(at) AS last_at
          FROM recorded WHERE by_customer GROUP BY customer_id) AS s
 WHERE c.id = s.customer_id
   AND (s.first_at < c.first_seen_at OR s.last_at >= c.last_seen_at + %(sight_grain)s::interval);

-- name: refresh_search
-- What a search looks through, for every customer whose identifiers or traits this tick has changed.
WITH changed AS (
    SELECT t.customer_id AS id FROM tick_messages AS t WHERE t.traits <> '{}'
     UNION SELECT i.customer_id FROM identifiers AS i JOIN recorded AS r ON r.customer_id = i.customer_id
            WHERE i.first_seen_at = r.at
     UNION SELECT kept_id FROM merged UNION SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged)
INSERT INTO customer_searches AS known (customer_id, search)
SELECT c.id, left(lower(concat_ws(' ', c.traits ->> 'name', c.traits ->> 'first_name', c.traits ->> 'firstName',
                                  c.traits ->> 'last_name', c.traits ->> 'lastName', i.all_known)), 1000)
  FROM changed JOIN customers AS c ON c.id = changed.id
  LEFT JOIN LATERAL (SELECT string_agg(value, ' ' ORDER BY id) AS all_known FROM identifiers
                      WHERE customer_id = changed.id AND kind <> 'customer') AS i ON true
 ORDER BY c.id
    ON CONFLICT (customer_id) DO UPDATE SET search = excluded.search WHERE known.search <> excluded.search;
