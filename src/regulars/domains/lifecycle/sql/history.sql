-- name: history_wanted
-- When the active lifecycle's rules last began to count without their past having been found.
SELECT history_wanted_at FROM lifecycles WHERE activated_at IS NOT NULL;

-- name: want_history
-- The moves on record no longer tell all of the past.
UPDATE lifecycles SET history_wanted_at = %(at)s WHERE id = %(lifecycle_id)s;

-- name: history_found
-- The past is on record, unless the rules have changed again meanwhile.
UPDATE lifecycles SET history_wanted_at = NULL
 WHERE id = %(lifecycle_id)s AND history_wanted_at IS NOT DISTINCT FROM %(wanted_at)s;

-- name: log_position
-- How far the log and the moving of identifiers have come.
SELECT (SELECT coalesce(max(seq), 0) FROM events) AS event_seq,
       (SELECT coalesce(max(seq), 0) FROM identifier_moves) AS move_seq;

-- name: customers_after
-- A batch of customers in the order of their ids.
SELECT id FROM customers
 WHERE merged_into IS NULL AND (%(after)s::uuid IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s;

-- name: instants_of
-- Each customer's instants: their first event, and whenever something arrived that the rules mention. Who has none begins
-- when they were made.
SELECT c.id AS customer_id, coalesce(seen.instants, ARRAY[c.created_at]) AS instants
  FROM customers AS c
 CROSS JOIN LATERAL (
       SELECT array_agg(a.at) AS instants
         FROM (SELECT min(e.at) AS at FROM events AS e WHERE e.customer_id = c.id
                UNION
               SELECT e.at FROM events AS e
                WHERE e.customer_id = c.id AND e.at <= %(at)s
                  AND (e.name = ANY(%(names)s) OR (%(any_event)s AND e.by_customer)
                       OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS p WHERE starts_with(e.name, p)))
                UNION
               SELECT v.at FROM trait_values AS v
                WHERE v.customer_id = c.id AND v.at <= %(at)s AND v.key = ANY(%(traits)s)) AS a
        WHERE a.at IS NOT NULL) AS seen
 WHERE c.id = ANY(%(customers)s);

-- name: seen_by_ticks
-- Where the ticks have put these customers as of an instant, leaving out those to whom something has happened since a
-- position in the log, those merged away, and all of them once other rules count.
SELECT c.id AS customer_id, coalesce(m.from_stage, s.stage, 'unknown') AS stage
  FROM customers AS c
  LEFT JOIN customer_stages AS s ON s.lifecycle_id = %(lifecycle_id)s AND s.customer_id = c.id
  LEFT JOIN LATERAL (
       SELECT from_stage FROM stage_moves
        WHERE lifecycle_id = %(lifecycle_id)s AND customer_id = c.id AND at > %(at)s AND superseded_at IS NULL
        ORDER BY stage_moves.at, stage_moves.seq LIMIT 1) AS m ON true
 WHERE c.id = ANY(%(customers)s) AND c.merged_into IS NULL
   AND NOT EXISTS (SELECT FROM events AS e WHERE e.customer_id = c.id AND e.seq > %(event_seq)s)
   AND NOT EXISTS (SELECT FROM identifier_moves AS i WHERE i.customer_id = c.id AND i.seq > %(move_seq)s)
   AND NOT EXISTS (SELECT FROM identifiers AS own JOIN identifier_moves AS i ON i.identifier_id = own.id
                    WHERE own.customer_id = c.id AND i.seq > %(move_seq)s);

-- name: forget_found
-- What an earlier rebuild had found is found anew.
DELETE FROM stage_moves
 WHERE lifecycle_id = %(lifecycle_id)s AND customer_id = ANY(%(customers)s) AND stage_moves.at <= %(at)s AND historical;

-- name: supersede_noted
-- What ticks had noted in that time stays on record, but what history says counts.
UPDATE stage_moves SET superseded_at = %(now)s
 WHERE lifecycle_id = %(lifecycle_id)s AND customer_id = ANY(%(customers)s) AND stage_moves.at <= %(at)s
   AND NOT historical AND superseded_at IS NULL;

-- name: add_found
-- The moves that history shows.
INSERT INTO stage_moves (id, lifecycle_id, customer_id, from_stage, to_stage, at, dwell_s, because, historical)
SELECT derived_id(f.at, concat_ws('/', 'history', %(lifecycle_id)s::uuid, f.customer_id, f.at)),
       %(lifecycle_id)s::uuid, f.customer_id, f.from_stage, f.to_stage, f.at, f.dwell_s, f.because::jsonb, true
  FROM unnest(%(customers)s::uuid[], %(froms)s::text[], %(tos)s::text[], %(ats)s::timestamptz[], %(dwells)s::float8[],
              %(reasons)s::text[]) AS f (customer_id, from_stage, to_stage, at, dwell_s, because);

-- name: date_stays
-- A stay began with the last move, when no tick has moved the customer since.
UPDATE customer_stages AS s
   SET since = last.at, because = last.because
  FROM (SELECT DISTINCT ON (m.customer_id) m.customer_id, m.at, m.because, m.to_stage FROM stage_moves AS m
         WHERE m.lifecycle_id = %(lifecycle_id)s AND m.customer_id = ANY(%(customers)s) AND m.superseded_at IS NULL
         ORDER BY m.customer_id, m.at DESC, m.seq DESC) AS last
 WHERE s.lifecycle_id = %(lifecycle_id)s AND s.customer_id = last.customer_id AND s.stage = last.to_stage;
