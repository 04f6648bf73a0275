-- name: tell_changes
-- Says who entered and who left which audience; the verdicts themselves are the membership.
INSERT INTO caused (customer_id, name, at, properties)
SELECT c.customer_id, CASE WHEN c.holds THEN 'Audience Entered' ELSE 'Audience Left' END, %(at)s,
       jsonb_build_object('audience', r.part)
  FROM verdict_changes AS c JOIN rules AS r ON r.id = c.rule_id AND r.owner = 'audience';
