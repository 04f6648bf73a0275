-- name: drop_absorbed_summaries
-- Nobody judges an absorbed customer, and after a merge or its undoing everything is another's.
DELETE FROM summaries AS s
 USING (SELECT kept_id AS id FROM merged UNION SELECT absorbed_id FROM merged
        UNION SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS regrouped
 WHERE s.customer_id = regrouped.id;

-- name: number_plan
-- The number of the leaves in force: another whenever they are not those that were in force before.
INSERT INTO summary_plan AS p (one, leaves, number) VALUES (true, %(leaves)s, 1)
    ON CONFLICT (one) DO UPDATE
   SET leaves = excluded.leaves, number = p.number + (p.leaves <> excluded.leaves)::integer
RETURNING number;

-- name: find_stale
-- Whoever has no summary, or one that was kept for other leaves; of all to judge, how many they are, and how many of the
-- others no summary can be kept of.
WITH looked AS MATERIALIZED (
    SELECT s.customer_id, s.at, kept.plan IS NOT DISTINCT FROM %(plan)s AS fresh, kept.by_history
      FROM scope AS s LEFT JOIN summaries AS kept ON kept.customer_id = s.customer_id),
found AS (INSERT INTO stale (customer_id, at) SELECT customer_id, at FROM looked WHERE NOT fresh)
SELECT count(*) AS many, count(*) FILTER (WHERE NOT fresh) AS stale,
       count(*) FILTER (WHERE fresh AND by_history) AS by_history FROM looked;

-- name: stale_by_history
-- Of those, whoever has an event that was recorded before its time.
INSERT INTO summaries (customer_id, plan, by_history, times, facts)
SELECT s.customer_id, %(plan)s,
       EXISTS (SELECT FROM events AS e WHERE e.customer_id = s.customer_id AND (e.at > e.received_at OR e.at > s.at)),
       array_fill('-infinity'::timestamptz, ARRAY[%(slots)s::integer]), '{}'
  FROM stale AS s ORDER BY s.customer_id
    ON CONFLICT (customer_id) DO UPDATE
   SET plan = excluded.plan, by_history = excluded.by_history, times = excluded.times, facts = excluded.facts;

-- name: fresh_by_history
-- Nor can a summary be kept of whoever such an event has come for now.
UPDATE summaries AS s SET by_history = true, times = '{}', facts = '{}'
  FROM recorded AS r
 WHERE r.customer_id = s.customer_id AND (r.at > r.received_at OR r.at > %(at)s) AND NOT s.by_history;

-- name: keep_entries
-- Brings new entries and those kept before together, and keeps what still matters: see rules/summaries.py. Times that are
-- later than all known, as nearly all are, go before them; only where that is not so is a list taken apart and sorted.
-- How many have become too many to be kept.
WITH leaves AS (
    SELECT place - 1 AS leaf, key, how, many, window_us
      FROM unnest(%(keys)s::text[], %(hows)s::text[], %(manys)s::integer[], %(windows)s::bigint[])
           WITH ORDINALITY AS given (key, how, many, window_us, place)),
mine AS MATERIALIZED (
    SELECT s.customer_id, s.facts
      FROM (SELECT DISTINCT customer_id FROM entries) AS e
      JOIN summaries AS s ON s.customer_id = e.customer_id AND NOT s.by_history),
fresh AS MATERIALIZED (
    SELECT e.leaf, e.customer_id, e.us, e.seq, e.value FROM entries AS e
     WHERE e.customer_id IN (SELECT customer_id FROM mine)),
news AS (
    SELECT f.customer_id, f.leaf, l.key, l.how, l.many, min(f.us) AS earliest,
           array_agg(f.us ORDER BY f.us DESC) FILTER (WHERE l.how = 'latest') AS times,
           sum((f.value #>> '{}')::numeric) FILTER (WHERE l.how = 'sum') AS sum,
           min((f.value #>> '{}')::double precision) FILTER (WHERE l.how = 'least') AS least,
           max((f.value #>> '{}')::double precision) FILTER (WHERE l.how = 'greatest') AS greatest
      FROM fresh AS f JOIN leaves AS l ON l.leaf = f.leaf GROUP BY f.customer_id, f.leaf, l.key, l.how, l.many),
known AS MATERIALIZED (
    SELECT n.*, own.facts, n.how = 'latest' AND n.earliest < (own.facts -> 0)::bigint AS late
      FROM news AS n JOIN mine AS m ON m.customer_id = n.customer_id
     CROSS JOIN LATERAL (SELECT m.facts -> n.key AS facts) AS own),
listed AS (
    SELECT f.customer_id, f.leaf, f.us, f.seq, f.value, jsonb_build_array(f.us, f.seq, f.value) AS entry
      FROM fresh AS f JOIN leaves AS l ON l.leaf = f.leaf AND l.how IN ('last', 'first', 'window', 'distinct')
     UNION ALL
    SELECT k.customer_id, k.leaf, t.us, NULL, NULL, to_jsonb(t.us)
      FROM known AS k CROSS JOIN LATERAL unnest(k.times) AS t (us) WHERE k.late
     UNION ALL
    SELECT k.customer_id, k.leaf, e.entry::bigint, NULL, NULL, e.entry
      FROM known AS k CROSS JOIN LATERAL jsonb_array_elements(k.facts) AS e (entry) WHERE k.late
     UNION ALL
    SELECT k.customer_id, k.leaf, (e.entry -> 0)::bigint, (e.entry ->> 1)::bigint, e.entry -> 2, e.entry
      FROM known AS k
     CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN k.how IN ('last', 'first') THEN jsonb_build_array(k.facts)
                                                  ELSE k.facts END) AS e (entry)
     WHERE k.how IN ('last', 'first', 'window', 'distinct') AND k.facts IS NOT NULL),
sorted AS (
    SELECT customer_id, leaf, array_agg(entry ORDER BY us DESC, seq DESC, value) AS entries
      FROM listed GROUP BY customer_id, leaf),
kept AS (
    SELECT customer_id, key, 1 AS entries,
           CASE how WHEN 'sum' THEN to_jsonb(sum + coalesce(facts::numeric, 0))
                    WHEN 'least' THEN to_jsonb(least(least, facts::double precision))
                    ELSE to_jsonb(greatest(greatest, facts::double precision)) END AS facts
      FROM known WHERE how IN ('sum', 'least', 'greatest')
     UNION ALL
    SELECT customer_id, key, 1, jsonb_path_query_array(
               to_jsonb(times) || coalesce(facts, '[]'), '$[0 to $last]', jsonb_build_object('last', many - 1))
      FROM known WHERE how = 'latest' AND late IS NOT TRUE
     UNION ALL
    SELECT s.customer_id, l.key, coalesce(jsonb_array_length(f.facts), 1), f.facts
      FROM sorted AS s JOIN leaves AS l ON l.leaf = s.leaf
     CROSS JOIN LATERAL (SELECT CASE l.how
           WHEN 'latest' THEN to_jsonb(s.entries[:l.many])
           WHEN 'last' THEN s.entries[1]
           WHEN 'first' THEN s.entries[array_length(s.entries, 1)]
           WHEN 'window' THEN (
               SELECT jsonb_agg(e.entry ORDER BY e.place) FROM unnest(s.entries) WITH ORDINALITY AS e (entry, place)
                WHERE (e.entry -> 0)::bigint >= (s.entries[1] -> 0)::bigint - l.window_us)
           ELSE (SELECT jsonb_agg(e.entry ORDER BY (e.entry -> 0)::bigint DESC, e.entry -> 2)
                   FROM (SELECT DISTINCT ON (entry -> 2) entry FROM unnest(s.entries) AS given (entry)
                          ORDER BY entry -> 2, (entry -> 0)::bigint) AS e)
           END AS facts) AS f),
written AS (
    UPDATE summaries AS s
       SET times = CASE WHEN more.too_many THEN '{}' ELSE s.times END,
           facts = CASE WHEN more.too_many THEN '{}' ELSE s.facts || more.facts END, by_history = more.too_many
      FROM (SELECT customer_id, max(entries) > %(entries_max)s AS too_many, jsonb_object_agg(key, facts) AS facts
              FROM kept GROUP BY customer_id) AS more
     WHERE s.customer_id = more.customer_id
    RETURNING more.too_many)
SELECT count(*) FROM written WHERE too_many;

-- name: judged_by_history
-- How many of those to judge have no summary to be judged by.
SELECT count(*) FROM scope AS o JOIN summaries AS s ON s.customer_id = o.customer_id WHERE s.by_history;

-- name: make_room_for_remembered
-- Where summaries are taken aside; emptied by every commit.
CREATE TEMPORARY TABLE IF NOT EXISTS remembered (
    customer_id uuid NOT NULL, by_history boolean NOT NULL, times timestamptz[] NOT NULL, facts jsonb NOT NULL
) ON COMMIT DELETE ROWS;

-- name: remember_summaries
-- Takes the next summaries of a plan aside, to make them anew and compare.
WITH chosen AS (
    SELECT customer_id, by_history, times, facts FROM summaries
     WHERE plan = %(plan)s AND (%(after)s::uuid IS NULL OR customer_id > %(after)s) ORDER BY customer_id LIMIT %(many)s),
remembered AS (
    INSERT INTO remembered (customer_id, by_history, times, facts)
    SELECT customer_id, by_history, times, facts FROM chosen)
INSERT INTO stale (customer_id, at) SELECT customer_id, %(at)s FROM chosen;

-- name: compare_summaries
-- What was taken aside beside what the history gives. Where months were taken out of the log, a summary may know of times
-- before it begins, for which no rule in force asks: that is no difference.
SELECT r.customer_id, s.by_history,
       NOT r.by_history AND (s.times, s.facts) <> (r.times, r.facts)
       AND (b.since IS NULL
            OR times_since(s.times, b.since) <> times_since(r.times, b.since)
            OR facts_since(s.facts, b.us) <> facts_since(r.facts, b.us)) AS differs
  FROM remembered AS r
  JOIN summaries AS s ON s.customer_id = r.customer_id
 CROSS JOIN (SELECT max(until) AS since, (extract(epoch FROM max(until)) * 1000000)::bigint AS us FROM log_removals) AS b
 ORDER BY r.customer_id;
