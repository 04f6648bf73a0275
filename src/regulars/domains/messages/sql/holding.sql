-- name: read_hold
-- Why nothing is being sent, if somebody said so.
SELECT value FROM settings WHERE name = 'sending_held';

-- name: write_hold
-- Nothing is sent from here on; who said so first is kept.
INSERT INTO settings (name, value, changed_at, changed_by) VALUES ('sending_held', %(hold)s, %(at)s, %(by)s)
    ON CONFLICT (name) DO NOTHING;

-- name: drop_hold
-- What is due is sent again.
DELETE FROM settings WHERE name = 'sending_held';

-- name: count_held
-- Messages that wait, by purpose; `doubtful` of them were made up to an instant.
SELECT purpose, count(*) AS waiting, count(*) FILTER (WHERE created_at <= %(made_until)s::timestamptz) AS doubtful
  FROM messages WHERE state IN ('queued', 'sending') GROUP BY purpose ORDER BY purpose;

-- name: give_up_doubtful
-- Messages that may have gone out before, and of which nobody will know.
WITH given_up AS (
    UPDATE messages
       SET state = 'unknown', why = why || %(why)s::jsonb, lease_until = NULL, lease_token = NULL, final_at = %(at)s
     WHERE state IN ('queued', 'sending') AND purpose = ANY(%(purposes)s) AND created_at <= %(made_until)s
    RETURNING id),
ended AS (
    UPDATE deliveries AS d SET ended_at = %(at)s, outcome = 'unknown', reply = %(why)s::jsonb ->> 'text'
      FROM given_up AS g WHERE d.message_id = g.id AND d.ended_at IS NULL)
SELECT count(*) FROM given_up;
