-- name: stage_rules
-- The rules that decide the stages of the active lifecycle, in its order.
SELECT l.id AS lifecycle_id, split_part(r.part, '/', 2) AS stage, r.tree,
       EXISTS (SELECT FROM became_live AS b WHERE b.rule_id = r.id) AS new
  FROM lifecycles AS l JOIN rules AS r ON r.owner = 'stage' AND r.state = 'live' AND split_part(r.part, '/', 1) = l.slug
 WHERE l.activated_at IS NOT NULL
 ORDER BY r.position;

-- name: forget_absorbed
-- A merged customer is in no stage any more; their moves stay on record, and come back to count if the merge is undone.
DELETE FROM customer_stages AS s USING merged AS m WHERE s.customer_id = m.absorbed_id;

-- name: settle_changed
-- Moves everyone whose verdicts changed, and who was merged or taken apart, to the last stage whose rule holds.
WITH laws AS (
    SELECT r.id, r.position, l.id AS lifecycle_id, l.slug AS lifecycle, split_part(r.part, '/', 2) AS stage
      FROM lifecycles AS l
      JOIN rules AS r ON r.owner = 'stage' AND r.state = 'live' AND split_part(r.part, '/', 1) = l.slug
     WHERE l.activated_at IS NOT NULL),
changed AS (
    SELECT c.customer_id FROM verdict_changes AS c JOIN laws ON laws.id = c.rule_id
     UNION SELECT kept_id FROM merged
     UNION SELECT kept_id FROM unmerged
     UNION SELECT absorbed_id FROM unmerged),
reached AS (
    SELECT c.customer_id, top.stage, top.position
      FROM changed AS c
      LEFT JOIN LATERAL (
           SELECT laws.stage, laws.position
             FROM laws JOIN verdicts AS v ON v.rule_id = laws.id AND v.customer_id = c.customer_id AND v.holds
            ORDER BY laws.position DESC LIMIT 1) AS top ON true),
moved AS (
    SELECT r.customer_id, a.lifecycle_id, a.lifecycle, r.stage, s.stage AS stage_left,
           extract(epoch FROM %(at)s - coalesce(s.since, before.at))::double precision AS dwell_s,
           jsonb_strip_nulls(jsonb_build_object(
               'rule', r.stage, 'text', %(texts)s::jsonb ->> r.stage,
               'stopped', CASE WHEN source.position > coalesce(r.position, -1)
                               THEN jsonb_build_object('rule', s.stage, 'text', %(texts)s::jsonb ->> s.stage) END
           )) AS because
      FROM reached AS r
     CROSS JOIN (SELECT DISTINCT lifecycle_id, lifecycle FROM laws) AS a
      LEFT JOIN LATERAL (
           SELECT own.stage, own.since FROM customer_stages AS own
            WHERE own.lifecycle_id = a.lifecycle_id AND own.customer_id = r.customer_id LIMIT 1) AS s ON true
      LEFT JOIN laws AS source ON source.stage = s.stage
      LEFT JOIN LATERAL (
           SELECT m.at, m.to_stage FROM stage_moves AS m
            WHERE m.customer_id = r.customer_id AND m.lifecycle_id = a.lifecycle_id AND m.superseded_at IS NULL
            ORDER BY m.at DESC, m.seq DESC LIMIT 1) AS before ON before.to_stage = 'unknown'
     WHERE s.stage IS DISTINCT FROM r.stage),
noted AS (
    INSERT INTO stage_moves (id, lifecycle_id, customer_id, from_stage, to_stage, at, dwell_s, because, historical)
    SELECT derived_id(%(at)s, concat_ws('/', 'stage', lifecycle_id, customer_id, %(at)s::timestamptz, (
               SELECT count(*) FROM stage_moves AS m WHERE m.customer_id = moved.customer_id AND m.at = %(at)s))),
           lifecycle_id, customer_id, coalesce(stage_left, 'unknown'), coalesce(stage, 'unknown'), %(at)s, dwell_s, because,
           %(historical)s
      FROM moved),
left_all AS (
    DELETE FROM customer_stages AS s USING moved
     WHERE moved.stage IS NULL AND s.lifecycle_id = moved.lifecycle_id AND s.customer_id = moved.customer_id),
entered AS (
    INSERT INTO customer_stages AS s (lifecycle_id, customer_id, stage, since, because)
    SELECT lifecycle_id, customer_id, stage, %(at)s, because FROM moved WHERE stage IS NOT NULL
        ON CONFLICT (lifecycle_id, customer_id) DO UPDATE
       SET stage = excluded.stage, since = excluded.since, because = excluded.because),
said AS (
    INSERT INTO caused (customer_id, name, at, properties)
    SELECT m.customer_id, e.name, %(at)s, e.properties
      FROM moved AS m
     CROSS JOIN LATERAL (VALUES
           ('Stage Left', m.stage_left, jsonb_build_object(
               'lifecycle', m.lifecycle, 'stage', m.stage_left, 'to', coalesce(m.stage, 'unknown'), 'dwell_s', m.dwell_s,
               'because', m.because)),
           ('Stage Entered', m.stage, jsonb_build_object(
               'lifecycle', m.lifecycle, 'stage', m.stage, 'from', coalesce(m.stage_left, 'unknown'),
               'because', m.because))) AS e (name, stage, properties)
     WHERE e.stage IS NOT NULL AND NOT %(historical)s
     ORDER BY m.customer_id, e.name DESC)
SELECT count(*) FROM moved;

-- name: settle_everyone
-- Puts every customer where the rules that have just begun to count say, without a move or an event: what they mean for
-- the past is for the history to say, which is wanted anew.
WITH active AS (
    UPDATE lifecycles SET history_wanted_at = %(at)s WHERE id = %(lifecycle_id)s RETURNING id, slug),
reached AS (
    SELECT DISTINCT ON (v.customer_id) v.customer_id, split_part(r.part, '/', 2) AS stage
      FROM lifecycles AS l
      JOIN rules AS r ON r.owner = 'stage' AND r.state = 'live' AND split_part(r.part, '/', 1) = l.slug
      JOIN verdicts AS v ON v.rule_id = r.id AND v.holds
     WHERE l.id = %(lifecycle_id)s
     ORDER BY v.customer_id, r.position DESC),
gone AS (
    DELETE FROM customer_stages AS s
     WHERE s.lifecycle_id <> %(lifecycle_id)s
        OR NOT EXISTS (SELECT FROM reached AS r WHERE r.customer_id = s.customer_id))
INSERT INTO customer_stages AS s (lifecycle_id, customer_id, stage, since, because)
SELECT active.id, r.customer_id, r.stage, %(at)s,
       jsonb_build_object('rule', r.stage, 'text', %(texts)s::jsonb ->> r.stage)
  FROM reached AS r CROSS JOIN active
    ON CONFLICT (lifecycle_id, customer_id) DO UPDATE
   SET since = CASE WHEN s.stage = excluded.stage THEN s.since ELSE excluded.since END,
       stage = excluded.stage, because = excluded.because;
