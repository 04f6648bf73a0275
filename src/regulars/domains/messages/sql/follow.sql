-- name: follow_messages
-- Messages from an offset on, in the order in which they were made.
SELECT m.seq, own.customer_id, own.id AS identifier_id, m.id AS message_id, m.channel, t.slug AS template, m.version,
       m.purpose, m.topic, m.enrolment_id, m.created_at AS at
  FROM messages AS m
  JOIN templates AS t ON t.id = m.template_id
  JOIN identifiers AS own ON own.kind = 'customer' AND own.value = m.made_for::text
 WHERE m.seq > %(after)s ORDER BY m.seq LIMIT %(rows_max)s;

-- name: number_deliveries
-- Gives attempts that have ended their place in the order in which they are followed.
UPDATE deliveries AS d SET fed = nextval('deliveries_fed')
  FROM (SELECT message_id, attempt FROM deliveries WHERE ended_at IS NOT NULL AND fed IS NULL
         ORDER BY message_id, attempt LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED) AS new
 WHERE d.message_id = new.message_id AND d.attempt = new.attempt;

-- name: follow_deliveries
-- Attempts that have ended, from an offset on.
SELECT fed AS seq, message_id, attempt, started_at, ended_at AS at, outcome, reply_code
  FROM deliveries WHERE fed > %(after)s ORDER BY fed LIMIT %(rows_max)s;
