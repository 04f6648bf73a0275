-- name: claim_messages
-- The oldest waiting messages, live or historical. A message sent twice is taken once, as it came first. What came in after
-- the tick's instant waits for the next, which would else have effects before their cause; not so if it came from a clock
-- that is wrong by more than a minute, since that may be wrong for days.
WITH taken AS (
    DELETE FROM inbox
     WHERE seq = ANY (ARRAY(
           SELECT seq FROM inbox
            WHERE historical = %(historical)s
              AND (received_at <= %(at)s OR received_at > %(at)s + interval '1 minute')
            ORDER BY seq LIMIT %(limit)s))
    RETURNING *)
INSERT INTO tick_messages (seq, message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id,
                           previous_id, email, phone, customer_id, by_customer, historical, source, properties, traits,
                           consents, context)
SELECT DISTINCT ON (message_id)
       seq, message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id,
       previous_id, email, phone, customer_id, by_customer, historical, source, properties, traits, consents, context
  FROM taken ORDER BY message_id, seq;

-- name: first_claimed
-- The first of what this tick has taken.
SELECT min(seq) FROM tick_messages;

-- name: put_aside
-- A message that no tick can work in is kept among what was refused instead.
WITH taken AS (DELETE FROM inbox WHERE seq = %(seq)s RETURNING *)
INSERT INTO rejections (id, at, source, code, reason, pointer, body)
SELECT %(id)s, %(at)s, source, %(code)s, %(reason)s, %(pointer)s, to_jsonb(taken)::text FROM taken;

-- name: record_events
-- Appends to the log what it does not hold yet, in the order of arrival.
WITH appended AS (
    INSERT INTO events (id, message_id, customer_id, identifier_id, kind, name, at, received_at, original_at, sent_at,
                        by_customer, historical, source, properties, context)
    SELECT derived_id(received_at, message_id), message_id, customer_id, identifier_id, kind, name, at, received_at,
           original_at, sent_at, by_customer, historical, source, properties, context
      FROM tick_messages ORDER BY seq
        ON CONFLICT (message_id) DO NOTHING
    RETURNING seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties)
INSERT INTO recorded (seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties)
SELECT seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties FROM appended;

-- name: count_event_names
-- How often each event has happened. A sender that invents names without end does not grow the list without end.
INSERT INTO event_names (name, events, last_at)
SELECT name, count(*), max(at) FROM recorded
 WHERE name IN (SELECT name FROM event_names) OR (SELECT count(*) FROM event_names) < %(names_max)s
 GROUP BY name ORDER BY name
    ON CONFLICT (name) DO UPDATE
   SET events = event_names.events + excluded.events, last_at = greatest(event_names.last_at, excluded.last_at);

-- name: remember_properties
-- What properties events have, with a few values, from a few of this tick's events, the first of each name before the
-- second of any. Values that look like some person's own are not kept, and lists are not walked. Names without end make
-- no list without end.
WITH RECURSIVE few AS (
    SELECT name, properties, seq
      FROM (SELECT name, properties, seq, row_number() OVER (PARTITION BY name ORDER BY seq) AS nth
              FROM recorded WHERE properties <> '{}') AS numbered
     ORDER BY nth, seq LIMIT %(events_max)s),
walked AS (
    SELECT few.name, e.key AS path, e.value, 1 AS depth, few.seq
      FROM few CROSS JOIN LATERAL jsonb_each(few.properties) AS e
     WHERE e.key !~ '[.]'
     UNION ALL
    SELECT w.name, w.path || '.' || e.key, e.value, w.depth + 1, w.seq
      FROM walked AS w
     CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(w.value) = 'object' THEN w.value ELSE '{}' END) AS e
     WHERE w.depth < %(depth_max)s AND e.key !~ '[.]'),
seen AS (
    SELECT name, path, min(seq) AS seq,
           CASE WHEN value #>> '{}' ~ '^[^@]{1,80}$' AND path !~* %(personal)s
                 AND jsonb_typeof(value) IN ('string', 'number', 'boolean') THEN value END AS example
      FROM walked
     WHERE jsonb_typeof(value) <> 'object' AND length(path) <= 200
     GROUP BY 1, 2, 4),
told AS (
    SELECT name, path, coalesce(jsonb_agg(example ORDER BY seq) FILTER (WHERE example IS NOT NULL), '[]') AS examples
      FROM seen GROUP BY name, path)
INSERT INTO event_properties AS p (name, path, examples)
SELECT t.name, t.path, t.examples
  FROM told AS t
 WHERE EXISTS (SELECT FROM event_properties AS known WHERE known.name = t.name AND known.path = t.path)
    OR ((SELECT count(*) FROM event_properties AS own WHERE own.name = t.name) < %(paths_max)s
        AND (SELECT count(*) FROM event_properties) < %(rows_max)s)
 ORDER BY t.name, t.path
    ON CONFLICT (name, path) DO UPDATE SET examples = (
       SELECT jsonb_agg(value ORDER BY place) FROM (
           SELECT value, min(place) AS place
             FROM jsonb_array_elements(p.examples || excluded.examples) WITH ORDINALITY AS e (value, place)
            GROUP BY value ORDER BY place LIMIT %(examples_max)s) AS first_seen)
 WHERE jsonb_array_length(p.examples) < %(examples_max)s AND NOT p.examples @> excluded.examples;

-- name: put_caused
-- What the steps of this tick caused waits for the next one. The same effect has the same message id, however often.
INSERT INTO inbox (message_id, kind, name, at, received_at, customer_id, by_customer, historical, source, properties,
                   traits, consents, context)
SELECT 'rg-' || encode(sha256(convert_to(concat_ws(E'\x1f', customer_id, name, extract(epoch FROM at), properties), 'UTF8')),
                       'hex'),
       'caused', name, at, %(at)s, customer_id, false, %(historical)s, 'regulars', properties, '{}', '[]', '{}'
  FROM caused ORDER BY at, place;
