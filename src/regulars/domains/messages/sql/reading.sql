-- name: messages_of
-- A customer's messages, newest first.
SELECT m.id, m.customer_id, t.slug AS template, m.subject, m.channel, m.purpose, m.topic, m.state, m.because, m.why,
       m.created_at, m.final_at, m.address, m.attempts, m.because ->> 'journey' AS journey,
       EXISTS (SELECT FROM message_responses AS r WHERE r.message_id = m.id AND r.kind = 'opened' AND NOT r.machine) AS opened,
       EXISTS (SELECT FROM message_responses AS r WHERE r.message_id = m.id AND r.kind = 'clicked' AND NOT r.machine) AS clicked,
       m.why ? 'bounced' AS bounced,
       (SELECT max(d.ended_at) FROM deliveries AS d WHERE d.message_id = m.id AND d.outcome = 'accepted') AS sent_at
  FROM messages AS m JOIN templates AS t ON t.id = m.template_id
 WHERE m.customer_id = %(customer_id)s
   AND (%(before_at)s::timestamptz IS NULL OR (m.created_at, m.id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY m.created_at DESC, m.id DESC LIMIT %(limit)s;

-- name: find_message
-- One message.
SELECT m.id, m.customer_id, t.slug AS template, m.subject, m.channel, m.purpose, m.topic, m.state, m.because, m.why,
       m.created_at, m.final_at, m.address, m.attempts, m.because ->> 'journey' AS journey,
       EXISTS (SELECT FROM message_responses AS r WHERE r.message_id = m.id AND r.kind = 'opened' AND NOT r.machine) AS opened,
       EXISTS (SELECT FROM message_responses AS r WHERE r.message_id = m.id AND r.kind = 'clicked' AND NOT r.machine) AS clicked,
       m.why ? 'bounced' AS bounced,
       (SELECT max(d.ended_at) FROM deliveries AS d WHERE d.message_id = m.id AND d.outcome = 'accepted') AS sent_at
  FROM messages AS m JOIN templates AS t ON t.id = m.template_id
 WHERE m.id = %(id)s;

-- name: deliveries_of
-- The attempts to hand a message over.
SELECT attempt, started_at, ended_at, outcome, reply_code, reply FROM deliveries
 WHERE message_id = %(id)s ORDER BY attempt;

-- name: responses_of
-- What came back of a message.
SELECT r.kind, r.at, r.machine, l.url
  FROM message_responses AS r
  LEFT JOIN message_links AS l ON l.message_id = r.message_id AND l.position = r.position
 WHERE r.message_id = %(id)s ORDER BY r.at, r.seq LIMIT 1000;

-- name: list_caught
-- The mailbox, newest first.
SELECT k.id, k.at, k.mail_from, k.mail_to, k.subject, k.message_id, m.customer_id
  FROM caught_mail AS k LEFT JOIN messages AS m ON m.id = k.message_id
 WHERE %(before_at)s::timestamptz IS NULL OR (k.at, k.id) < (%(before_at)s, %(before_id)s::uuid)
 ORDER BY k.at DESC, k.id DESC LIMIT %(limit)s;

-- name: find_caught
-- One mail of the mailbox.
SELECT k.id, k.at, k.mail_from, k.mail_to, k.subject, k.message_id, m.customer_id
  FROM caught_mail AS k LEFT JOIN messages AS m ON m.id = k.message_id
 WHERE k.id = %(id)s;

-- name: raw_caught
-- A mail of the mailbox, byte for byte.
SELECT raw FROM caught_mail WHERE id = %(id)s;
