-- name: waiting_verdicts
-- Customers whom time alone was to change by now: counted up to a ceiling, and the most late.
WITH waiting AS (SELECT customer_id, at FROM due WHERE at <= %(at)s ORDER BY at LIMIT %(count_max)s)
SELECT (SELECT count(*) FROM waiting) AS many, (SELECT min(at) FROM waiting) AS oldest_at,
       (SELECT 'cus_' || replace(customer_id::text, '-', '') FROM waiting ORDER BY at LIMIT 1) AS of;
