-- name: add_messages
-- What one group of requests brought, in its order, with what was refused of it, and word to the worker.
WITH added AS (
    INSERT INTO inbox (message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id, previous_id,
                       email, phone, by_customer, historical, source, properties, traits, consents, context)
    SELECT message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id, previous_id,
           email, phone, by_customer, historical, source, properties, traits, consents, context
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
           message_id text, kind text, name text, at timestamptz, received_at timestamptz, original_at timestamptz,
           sent_at timestamptz, user_id text, anonymous_id text, previous_id text, email text, phone text,
           by_customer boolean, historical boolean, source text, properties jsonb, traits jsonb, consents jsonb,
           context jsonb)),
refused AS (
    INSERT INTO rejections (id, at, source, code, reason, pointer, body, kind, historical, cut)
    SELECT id, at, source, code, reason, pointer, body, kind, historical, cut
      FROM jsonb_to_recordset(%(rejections)s::jsonb) AS r (
           id uuid, at timestamptz, source text, code text, reason text, pointer text, body text, kind text,
           historical boolean, cut boolean)
        ON CONFLICT DO NOTHING)
SELECT pg_notify(%(channel)s, '');

-- name: add_caused
-- What the system caused, to one customer or the same to many, to be recorded by the next tick.
WITH added AS (
    INSERT INTO inbox (message_id, kind, name, at, received_at, customer_id, by_customer, historical, source,
                       properties, traits, consents, context)
    SELECT c.message_id, 'caused', %(name)s, %(event_at)s, %(at)s, c.customer_id, %(by_customer)s, %(historical)s,
           'regulars', %(properties)s, '{}', '[]', '{}'
      FROM unnest(%(message_ids)s::text[], %(customers)s::uuid[]) WITH ORDINALITY AS c (message_id, customer_id, place)
     ORDER BY c.place)
SELECT pg_notify(%(channel)s, '');

-- name: add_told
-- What the system caused to customers, to each something else.
WITH added AS (
    INSERT INTO inbox (message_id, kind, name, at, received_at, customer_id, by_customer, historical, source,
                       properties, traits, consents, context)
    SELECT t.message_id, 'caused', t.name, %(at)s, %(at)s, t.customer_id, false, false, 'regulars', t.properties, '{}',
           '[]', '{}'
      FROM ROWS FROM (jsonb_to_recordset(%(told)s::jsonb) AS (
           message_id text, name text, customer_id uuid, properties jsonb)) WITH ORDINALITY
        AS t (message_id, name, customer_id, properties, place)
     ORDER BY t.place)
SELECT pg_notify(%(channel)s, '');

-- name: purge_rejections
-- Forgets what was refused before an instant. What had been accepted waits until somebody decides.
DELETE FROM rejections WHERE at < %(before)s AND code <> 'stops_ticks';

-- name: lock_rejections
-- These, for whoever is to take them once more or to forget them; whoever comes second waits, and finds none.
SELECT id, at, source, code, reason, pointer, body, kind, historical, cut
  FROM rejections WHERE id = ANY(%(ids)s) ORDER BY at, id FOR UPDATE;

-- name: put_back
-- What was put aside is in the inbox again, every column as it was, at the end of the queue.
WITH back AS (
    INSERT INTO inbox (message_id, kind, name, at, received_at, original_at, sent_at, user_id, anonymous_id, previous_id,
                       email, phone, customer_id, by_customer, historical, source, properties, traits, consents, context)
    SELECT w.message_id, w.kind, w.name, w.at, w.received_at, w.original_at, w.sent_at, w.user_id, w.anonymous_id,
           w.previous_id, w.email, w.phone, w.customer_id, w.by_customer, w.historical, w.source, w.properties, w.traits,
           w.consents, w.context
      FROM rejections AS r CROSS JOIN LATERAL jsonb_to_record(r.body::jsonb) AS w (
           message_id text, kind text, name text, at timestamptz, received_at timestamptz, original_at timestamptz,
           sent_at timestamptz, user_id text, anonymous_id text, previous_id text, email text, phone text,
           customer_id uuid, by_customer boolean, historical boolean, source text, properties jsonb, traits jsonb,
           consents jsonb, context jsonb)
     WHERE r.id = ANY(%(ids)s) AND r.code = 'stops_ticks'
     ORDER BY (r.body::jsonb ->> 'seq')::bigint)
SELECT pg_notify(%(channel)s, '');

-- name: discard_rejections
-- Forgets these.
DELETE FROM rejections WHERE id = ANY(%(ids)s);
