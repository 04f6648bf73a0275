-- name: people
-- Customers that fit, the last seen first. The stage is that of the active lifecycle.
SELECT c.id, s.stage, st.name AS stage_name, c.first_seen_at, c.last_seen_at,
       (SELECT value FROM identifiers AS i WHERE i.customer_id = c.id AND i.kind = 'user_id' ORDER BY i.id LIMIT 1)
       AS user_id
  FROM (SELECT id FROM customers WHERE %(pattern)s::text IS NULL
         UNION ALL SELECT customer_id FROM customer_searches WHERE search LIKE %(pattern)s) AS wanted
  JOIN customers AS c ON c.id = wanted.id
  LEFT JOIN lifecycles AS l ON l.activated_at IS NOT NULL
  LEFT JOIN customer_stages AS s ON s.lifecycle_id = l.id AND s.customer_id = c.id
  LEFT JOIN stages AS st ON st.lifecycle_id = l.id AND st.slug = s.stage
 WHERE c.merged_into IS NULL
   AND (%(stage)s::text IS NULL OR coalesce(s.stage, 'unknown') = %(stage)s)
   AND (%(audience)s::text IS NULL OR EXISTS (
        SELECT FROM rules AS r JOIN verdicts AS v ON v.rule_id = r.id AND v.customer_id = c.id AND v.holds
         WHERE r.owner = 'audience' AND r.part = %(audience)s AND r.state = 'live'))
   AND (%(before_at)s::timestamptz IS NULL OR (c.last_seen_at, c.id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY c.last_seen_at DESC, c.id DESC
 LIMIT %(limit)s;

-- name: audiences_of
-- The audiences a customer is a member of now.
SELECT a.slug, a.name, v.since
  FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id JOIN audiences AS a ON a.slug = r.part
 WHERE v.customer_id = %(customer_id)s AND v.holds AND r.owner = 'audience' AND r.state = 'live'
 ORDER BY a.slug;
