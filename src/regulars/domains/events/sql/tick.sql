-- name: claim_messages
-- The oldest waiting messages, live or historical. A message sent twice is taken once, as it came first, and one that the
-- log holds is not taken any more: live messages are looked for among what came in the given time before them, which
-- leaves all older parts of the log alone. What came in after the tick's instant waits for the next, which would else have
-- effects before their cause; not so if it came from a clock that is wrong by more than a minute, since that may be wrong
-- for days. What came before all that the log has left joins it where it begins. How many were claimed, copies of what the
-- log holds among them, and what there is among those that were taken.
WITH claimed AS (
    DELETE FROM inbox
     WHERE seq = ANY (ARRAY(
           SELECT seq FROM inbox
            WHERE historical = %(historical)s
              AND (received_at <= %(at)s OR received_at > %(at)s + interval '1 minute')
            ORDER BY seq LIMIT %(limit)s))
    RETURNING *),
firsts AS (
    SELECT DISTINCT ON (message_id)
           seq, message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id,
           previous_id, email, phone, customer_id, by_customer, historical, source, properties, traits, consents, context
      FROM claimed ORDER BY message_id, seq),
taken AS (
    INSERT INTO tick_messages (seq, message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id,
                               previous_id, email, phone, customer_id, by_customer, historical, source, properties,
                               traits, consents, context)
    SELECT seq, message_id, kind, name, at, greatest(received_at, (SELECT max(until) FROM log_removals)), original_at,
           sent_at, user_id, anonymous_id, previous_id, email, phone, customer_id, by_customer, historical, source,
           properties, traits, consents, context
      FROM firsts AS f
     WHERE (SELECT true FROM events AS e
             WHERE e.message_id = f.message_id
               AND e.received_at >= coalesce((SELECT least(min(received_at), %(at)s) FROM claimed) - %(copies_for)s::interval,
                                             '-infinity')
             LIMIT 1) IS NULL
    RETURNING seq, received_at, kind, at, traits, consents)
SELECT (SELECT count(*) FROM firsts) AS many, min(seq) AS first, max(seq) AS last,
       min(received_at) AS first_at, max(received_at) AS last_at, coalesce(bool_or(kind <> 'caused'), false) AS sent,
       coalesce(bool_or(kind = 'caused'), false) AS caused, coalesce(bool_or(traits <> '{}'), false) AS traits,
       coalesce(bool_or(consents <> '[]'), false) AS consents,
       coalesce(bool_or(at > received_at OR at > %(at)s), false) AS ahead
  FROM taken;

-- name: put_aside
-- A message that no tick can work in is kept among what was refused instead. When it came is said as it is of what was
-- claimed: in a database that was restored, another message may stand where it stood.
WITH taken AS (
    DELETE FROM inbox
     WHERE seq = %(seq)s AND greatest(received_at, (SELECT max(until) FROM log_removals)) = %(came_at)s
    RETURNING *)
INSERT INTO rejections (id, at, source, code, reason, pointer, body, historical, cut)
SELECT %(id)s, %(at)s, source, %(code)s, %(reason)s, %(pointer)s, to_jsonb(taken)::text, historical, false FROM taken;

-- name: record_events
-- Appends to the log what was taken, in the order of arrival, and counts how often each event has happened: a sender that
-- invents names without end does not grow that list without end. That the log holds none of it was seen when it was taken;
-- within a part it would be refused as well. How many were appended, of what names, and whether any is a customer's own act.
WITH appended AS (
    INSERT INTO events (message_id, customer_id, identifier_id, kind, name, at, received_at, original_at, sent_at,
                        by_customer, historical, source, properties, context)
    SELECT message_id, customer_id, identifier_id, kind, name, at, received_at,
           original_at, sent_at, by_customer, historical, source, properties, context
      FROM tick_messages ORDER BY seq
        ON CONFLICT DO NOTHING
    RETURNING seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties),
noted AS (
    INSERT INTO recorded (seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties)
    SELECT seq, message_id, customer_id, kind, name, at, received_at, by_customer, properties FROM appended),
named AS MATERIALIZED (
    SELECT name, count(*) AS many, max(at) AS last_at, bool_or(by_customer) AS by_customer FROM appended GROUP BY name),
counted AS (
    INSERT INTO event_names (name, events, last_at)
    SELECT name, many, last_at FROM named
     WHERE name IN (SELECT name FROM event_names) OR (SELECT count(*) FROM event_names) < %(names_max)s
     ORDER BY name
        ON CONFLICT (name) DO UPDATE
       SET events = event_names.events + excluded.events, last_at = greatest(event_names.last_at, excluded.last_at))
SELECT coalesce(sum(many), 0)::bigint AS many, coalesce(array_agg(name), '{}') AS names,
       coalesce(bool_or(by_customer), false) AS by_customer
  FROM named;

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
