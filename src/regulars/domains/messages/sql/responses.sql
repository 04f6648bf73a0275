-- name: find_sent
-- A message that links lead back to; `sent_at` is when it was last handed over.
SELECT m.id, m.customer_id, m.topic, m.purpose, m.state, m.address, m.subject, t.slug AS template,
       (SELECT max(coalesce(d.ended_at, d.started_at)) FROM deliveries AS d WHERE d.message_id = m.id) AS sent_at
  FROM messages AS m JOIN templates AS t ON t.id = m.template_id
 WHERE m.id = %(id)s;

-- name: link_url
-- Where a link of a message leads.
SELECT url FROM message_links WHERE message_id = %(id)s AND position = %(position)s;

-- name: recent_clicks
-- The links of a message followed lately.
SELECT position, at FROM message_responses
 WHERE message_id = %(id)s AND kind = 'clicked' AND at >= %(since)s ORDER BY at, seq LIMIT 100;

-- name: count_responses
-- How often a message was opened and clicked, machines included.
SELECT count(*) FROM (SELECT FROM message_responses WHERE message_id = %(id)s LIMIT %(limit)s) AS answered;

-- name: add_response
-- One opening or click.
INSERT INTO message_responses (message_id, kind, position, at, machine, agent)
VALUES (%(id)s, %(kind)s, %(position)s, %(at)s, %(machine)s, %(agent)s);

-- name: blame_machine
-- Clicks just before on other links of the same message were the same scanner's.
UPDATE message_responses SET machine = true
 WHERE message_id = %(id)s AND kind = 'clicked' AND at >= %(since)s AND NOT machine;

-- name: settle_unknown
-- A message of unknown fate that shows a sign of life has arrived.
UPDATE messages SET state = 'sent', why = why || %(why)s WHERE id = %(id)s AND state = 'unknown';

-- name: lock_customer
-- Waits until no attempt to this customer is being decided, and keeps others from deciding until this is committed.
SELECT id FROM customers WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: email_answers
-- What counts now of a customer's answers for these topics of e-mail.
SELECT topic, answer, at, source FROM effective_consents
 WHERE customer_id = %(id)s AND channel = 'email' AND topic = ANY(%(topics)s) ORDER BY topic;

-- name: note_bounce
-- A message came back after it had been taken over. One that is just being handed over keeps its state until that is known.
UPDATE messages
   SET why = why || %(why)s, state = CASE state WHEN 'sending' THEN state ELSE 'failed' END,
       final_at = CASE state WHEN 'sending' THEN final_at ELSE %(at)s END
 WHERE id = %(id)s AND state IN ('sent', 'unknown', 'sending', 'queued') AND NOT why ? 'bounced';

-- name: catch_mails
-- Keeps caught mails, and of all only the newest.
WITH kept AS (
    INSERT INTO caught_mail (id, at, mail_from, mail_to, subject, message_id, raw)
    SELECT * FROM ROWS FROM (
           jsonb_to_recordset(%(mails)s::jsonb) AS (
               id uuid, at timestamptz, mail_from text, mail_to text[], subject text, message_id uuid),
           unnest(%(raws)s::bytea[])) AS m (id, at, mail_from, mail_to, subject, message_id, raw)
        ON CONFLICT DO NOTHING)
DELETE FROM caught_mail WHERE id IN (
       SELECT id FROM caught_mail ORDER BY at DESC, id DESC
       OFFSET greatest(0, %(kept_max)s - jsonb_array_length(%(mails)s::jsonb)));
