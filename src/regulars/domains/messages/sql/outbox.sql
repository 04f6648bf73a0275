-- name: open_addressed
-- Where whoever wants messages made says which; emptied by every commit.
CREATE TEMPORARY TABLE IF NOT EXISTS addressed (
    key text COLLATE "C" NOT NULL, customer_id uuid NOT NULL, template text NOT NULL, enrolment_id uuid,
    event_seq bigint, at timestamptz NOT NULL, because jsonb NOT NULL
) ON COMMIT DELETE ROWS;

-- name: queue
-- One message for each key, with the template's version of this moment; a key that has one already makes no second.
INSERT INTO messages (id, key, customer_id, made_for, channel, template_id, version, purpose, topic, enrolment_id,
                      event_seq, state, because, why, created_at, due_at, attempts)
SELECT derived_id(a.at, 'message:' || a.key), a.key, a.customer_id, a.customer_id, 'email', t.id, t.version, t.purpose,
       t.topic, a.enrolment_id, a.event_seq, 'queued', a.because, '{}', %(at)s, a.at, 0
  FROM addressed AS a JOIN templates AS t ON t.slug = a.template
 ORDER BY a.key
    ON CONFLICT (key) DO NOTHING;

-- name: wake_dispatch
-- Tells the dispatchers that there is something to send, once this is committed.
SELECT pg_notify(%(channel)s, '');

-- name: due_messages
-- Messages whose time has come, with all that decides whether and how they go out. Those another worker holds are left,
-- and those of customers being changed this moment: their consent is locked until the attempt is committed.
SELECT m.id, m.customer_id, m.attempts, m.topic, m.created_at, t.slug AS template, t.name AS template_name,
       t.deleted_at IS NOT NULL AS template_deleted, v.subject, v.html, v.plain, c.traits,
       coalesce(c.traits ->> 'email', (SELECT i.value FROM identifiers AS i
                                        WHERE i.customer_id = c.id AND i.kind = 'email' ORDER BY i.id LIMIT 1)) AS email,
       coalesce((SELECT e.properties FROM events AS e WHERE e.seq = m.event_seq), '{}') AS event,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('topic', n.topic, 'answer', n.answer, 'at', n.at, 'source', n.source)), '[]')
          FROM effective_consents AS n
         WHERE n.customer_id = c.id AND n.channel = 'email' AND n.topic IN (m.topic, '*')) AS consents,
       CASE WHEN m.attempts > 0 THEN ARRAY(
            SELECT l.url FROM message_links AS l WHERE l.message_id = m.id ORDER BY l.position) ELSE '{}' END AS urls
  FROM messages AS m
  JOIN templates AS t ON t.id = m.template_id
  JOIN template_versions AS v ON v.template_id = m.template_id AND v.version = m.version
  JOIN customers AS c ON c.id = m.customer_id
 WHERE m.state = 'queued' AND m.purpose = %(purpose)s AND m.due_at <= %(at)s
 ORDER BY m.due_at, m.id
 LIMIT %(limit)s
   FOR UPDATE OF m SKIP LOCKED
   FOR SHARE OF c SKIP LOCKED;

-- name: suppressions_of
-- Why these addresses, in small letters, are not to be written to.
SELECT address, array_agg(DISTINCT reason) AS reasons FROM suppressions
 WHERE channel = 'email' AND lifted_at IS NULL AND address = ANY(%(addresses)s)
 GROUP BY address;

-- name: start_attempts
-- From here on these messages may have gone out: each is leased to whoever holds its token.
WITH starting AS (
    SELECT * FROM jsonb_to_recordset(%(attempts)s::jsonb) AS a (
           id uuid, token uuid, address text, subject text, why jsonb, urls text[])),
started AS (
    UPDATE messages AS m
       SET state = 'sending', attempts = m.attempts + 1, lease_until = %(lease_until)s, lease_token = a.token,
           address = a.address, subject = a.subject, why = a.why
      FROM starting AS a WHERE m.id = a.id
    RETURNING m.id, m.attempts),
linked AS (
    INSERT INTO message_links (message_id, position, url)
    SELECT a.id, u.position - 1, u.url
      FROM starting AS a CROSS JOIN LATERAL unnest(a.urls) WITH ORDINALITY AS u (url, position)
        ON CONFLICT DO NOTHING)
INSERT INTO deliveries (message_id, attempt, started_at) SELECT id, attempts, %(at)s FROM started;

-- name: withhold
-- These messages do not go out, and why.
UPDATE messages AS m SET state = 'withheld', why = w.why, address = w.address, final_at = %(at)s
  FROM jsonb_to_recordset(%(withheld)s::jsonb) AS w (id uuid, address text, why jsonb)
 WHERE m.id = w.id AND m.state = 'queued';

-- name: record_outcomes
-- What became of attempts; the messages of those who still held the lease. Whoever lost it has nothing more to say.
WITH answered AS (
    SELECT * FROM jsonb_to_recordset(%(outcomes)s::jsonb) AS a (
           id uuid, token uuid, state text, retry_at timestamptz, why jsonb, outcome text, reply_code integer, reply text)),
ended AS (
    UPDATE messages AS m
       SET state = a.state, due_at = coalesce(a.retry_at, m.due_at), lease_until = NULL, lease_token = NULL,
           why = m.why || a.why, final_at = CASE WHEN a.state <> 'queued' THEN %(at)s::timestamptz END
      FROM answered AS a WHERE m.id = a.id AND m.state = 'sending' AND m.lease_token = a.token
    RETURNING m.id, m.attempts),
noted AS (
    UPDATE deliveries AS d SET ended_at = %(at)s, outcome = a.outcome, reply_code = a.reply_code, reply = a.reply
      FROM ended AS e JOIN answered AS a ON a.id = e.id WHERE d.message_id = e.id AND d.attempt = e.attempts)
SELECT id FROM ended;

-- name: lost_attempts
-- Attempts whose lease ran out: their worker is gone, and nobody knows what the provider made of them.
SELECT m.id, m.customer_id, m.lease_token AS token, m.attempts AS number, m.address, m.subject, t.slug AS template
  FROM messages AS m JOIN templates AS t ON t.id = m.template_id
 WHERE m.state = 'sending' AND m.purpose = %(purpose)s AND m.lease_until <= %(at)s
 ORDER BY m.lease_until, m.id LIMIT %(limit)s
   FOR UPDATE OF m SKIP LOCKED;

-- name: next_due
-- When there is something to do next for messages of this purpose.
SELECT least((SELECT min(due_at) FROM messages WHERE state = 'queued' AND purpose = %(purpose)s),
             (SELECT min(lease_until) FROM messages WHERE state = 'sending' AND purpose = %(purpose)s));

-- name: suppress
-- Notes that an address is not to be written to, unless that is already so for the same reason.
INSERT INTO suppressions (channel, address, reason, at, because)
SELECT 'email', %(address)s, %(reason)s, %(at)s, %(because)s
 WHERE NOT EXISTS (SELECT FROM suppressions WHERE channel = 'email' AND address = %(address)s
                      AND reason = %(reason)s AND lifted_at IS NULL);

-- name: move_regrouped
-- A message belongs to whoever the customer it was made for is part of now.
UPDATE messages AS m
   SET customer_id = i.customer_id
  FROM identifiers AS i
 WHERE m.customer_id IN (SELECT absorbed_id FROM merged UNION SELECT kept_id FROM unmerged)
   AND i.kind = 'customer' AND i.value = m.made_for::text AND i.customer_id <> m.customer_id;
