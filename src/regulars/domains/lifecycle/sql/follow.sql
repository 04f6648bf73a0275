-- name: follow_stage_moves
-- Moves that ticks have noted, from an offset on, in the order in which they were noted.
SELECT m.seq, m.customer_id, l.slug AS lifecycle, m.from_stage, m.to_stage, m.at, m.dwell_s
  FROM stage_moves AS m JOIN lifecycles AS l ON l.id = m.lifecycle_id
 WHERE NOT m.historical AND m.seq > %(after)s ORDER BY m.seq LIMIT %(rows_max)s;
