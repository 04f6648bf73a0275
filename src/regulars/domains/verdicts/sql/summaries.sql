-- name: drop_absorbed_summaries
-- Nobody judges an absorbed customer, and after a merge or its undoing everything is another's.
DELETE FROM summaries AS s
 USING (SELECT kept_id AS id FROM merged UNION SELECT absorbed_id FROM merged
        UNION SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS regrouped
 WHERE s.customer_id = regrouped.id;

-- name: find_stale
-- Whoever has no summary, or one that was kept for other leaves.
INSERT INTO stale (customer_id, at)
SELECT s.customer_id, s.at FROM scope AS s
 WHERE NOT EXISTS (SELECT FROM summaries AS kept WHERE kept.customer_id = s.customer_id AND kept.plan = %(plan)s);

-- name: stale_by_history
-- Of those, whoever has an event that was recorded before its time.
INSERT INTO summaries (customer_id, plan, by_history, facts)
SELECT s.customer_id, %(plan)s,
       EXISTS (SELECT FROM events AS e WHERE e.customer_id = s.customer_id AND (e.at > e.received_at OR e.at > s.at)), '{}'
  FROM stale AS s ORDER BY s.customer_id
    ON CONFLICT (customer_id) DO UPDATE SET plan = excluded.plan, by_history = excluded.by_history, facts = excluded.facts;

-- name: fresh_by_history
-- Nor can a summary be kept of whoever such an event has come for now.
UPDATE summaries AS s SET by_history = true, facts = '{}'
  FROM recorded AS r
 WHERE r.customer_id = s.customer_id AND (r.at > r.received_at OR r.at > %(at)s) AND NOT s.by_history;

-- name: keep_entries
-- Brings new entries and those kept before together, and keeps what still matters: see rules/summaries.py.
WITH leaves AS (
    SELECT place - 1 AS leaf, key, how, many, window_us
      FROM unnest(%(keys)s::text[], %(hows)s::text[], %(manys)s::integer[], %(windows)s::bigint[])
           WITH ORDINALITY AS given (key, how, many, window_us, place)),
fresh AS (
    SELECT e.leaf, e.customer_id, e.us, e.seq, e.value, s.facts
      FROM entries AS e JOIN summaries AS s ON s.customer_id = e.customer_id AND NOT s.by_history),
together AS (
    SELECT leaf, customer_id, us, seq, value FROM fresh
     UNION ALL
    SELECT f.leaf, f.customer_id, CASE jsonb_typeof(entry) WHEN 'array' THEN (entry ->> 0)::bigint
                                                           ELSE (entry #>> '{}')::bigint END,
           (entry ->> 1)::bigint, entry -> 2
      FROM (SELECT DISTINCT ON (leaf, customer_id) leaf, customer_id, facts FROM fresh) AS f
      JOIN leaves AS l ON l.leaf = f.leaf
     CROSS JOIN LATERAL jsonb_array_elements(f.facts -> l.key) AS entry),
ranked AS (
    SELECT t.*, l.key, l.how, l.many, l.window_us, max(t.us) OVER leaf_of_customer AS latest_us,
           row_number() OVER (leaf_of_customer ORDER BY t.us DESC, t.seq DESC) AS from_last,
           row_number() OVER (leaf_of_customer ORDER BY t.us, t.seq) AS from_first
      FROM together AS t JOIN leaves AS l ON l.leaf = t.leaf
    WINDOW leaf_of_customer AS (PARTITION BY t.customer_id, t.leaf)),
kept AS (
    SELECT customer_id, key, how, us, seq, value FROM ranked
     WHERE CASE how WHEN 'latest' THEN from_last <= many WHEN 'last' THEN from_last = 1 WHEN 'first' THEN from_first = 1
                    WHEN 'window' THEN us >= latest_us - window_us ELSE false END
     UNION ALL
    SELECT customer_id, key, how, max(us), NULL,
           CASE how WHEN 'sum' THEN to_jsonb(sum(value::numeric)) WHEN 'least' THEN to_jsonb(min(value::double precision))
                    ELSE to_jsonb(max(value::double precision)) END
      FROM ranked WHERE how IN ('sum', 'least', 'greatest') GROUP BY customer_id, key, how
     UNION ALL
    SELECT customer_id, key, how, min(us), NULL, value FROM ranked WHERE how = 'distinct' GROUP BY customer_id, key, how, value),
leaf_facts AS (
    SELECT customer_id, key, count(*) AS entries,
           CASE how WHEN 'latest' THEN jsonb_agg(us ORDER BY us DESC)
                    ELSE jsonb_agg(jsonb_build_array(us, seq, value) ORDER BY us DESC, seq DESC, value) END AS facts
      FROM kept GROUP BY customer_id, key, how)
UPDATE summaries AS s
   SET facts = CASE WHEN more.too_many THEN '{}' ELSE s.facts || more.facts END, by_history = more.too_many
  FROM (SELECT customer_id, max(entries) > %(entries_max)s AS too_many, jsonb_object_agg(key, facts) AS facts
          FROM leaf_facts GROUP BY customer_id) AS more
 WHERE s.customer_id = more.customer_id;

-- name: judged_by_history
-- How many of those to judge have no summary to be judged by.
SELECT count(*) FROM scope AS o JOIN summaries AS s ON s.customer_id = o.customer_id WHERE s.by_history;

-- name: remember_summaries
-- Takes the next summaries of a plan aside, to make them anew and compare.
WITH chosen AS (
    SELECT customer_id, by_history, facts FROM summaries
     WHERE plan = %(plan)s AND (%(after)s::uuid IS NULL OR customer_id > %(after)s) ORDER BY customer_id LIMIT %(many)s),
remembered AS (INSERT INTO remembered (customer_id, by_history, facts) SELECT customer_id, by_history, facts FROM chosen)
INSERT INTO stale (customer_id, at) SELECT customer_id, %(at)s FROM chosen;

-- name: compare_summaries
-- What was taken aside beside what the history gives.
SELECT r.customer_id, s.by_history, s.facts <> r.facts AND NOT r.by_history AS differs
  FROM remembered AS r JOIN summaries AS s ON s.customer_id = r.customer_id ORDER BY r.customer_id;
