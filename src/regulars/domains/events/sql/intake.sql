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
    INSERT INTO rejections (id, at, source, code, reason, pointer, body)
    SELECT id, at, source, code, reason, pointer, body
      FROM jsonb_to_recordset(%(rejections)s::jsonb) AS r (
           id uuid, at timestamptz, source text, code text, reason text, pointer text, body text)
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

-- name: purge_rejections
-- Forgets what was refused before an instant.
DELETE FROM rejections WHERE at < %(before)s;
