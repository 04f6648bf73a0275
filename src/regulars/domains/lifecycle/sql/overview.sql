-- name: customers_total
-- Everyone we know, merged ones once.
SELECT count(*) FROM customers WHERE merged_into IS NULL;

-- name: overview_stages
-- For each stage and for `unknown`: customers in it, customers who entered and who left it in the window, the median of
-- the stays that ended in the window, and the cohort: customers who entered it in the cohort's window.
WITH moves AS (
    SELECT m.customer_id, m.from_stage, m.to_stage, m.at, m.dwell_s
      FROM stage_moves AS m JOIN customers AS c ON c.id = m.customer_id AND c.merged_into IS NULL
     WHERE m.lifecycle_id = %(lifecycle_id)s AND m.superseded_at IS NULL
       AND m.at > %(cohort_since)s AND m.at <= %(at)s),
present AS (
    SELECT stage, count(*) AS customers FROM customer_stages WHERE lifecycle_id = %(lifecycle_id)s GROUP BY stage),
entered AS (
    SELECT to_stage AS stage, count(DISTINCT customer_id) FILTER (WHERE at > %(since)s) AS customers,
           count(DISTINCT customer_id) AS cohort
      FROM moves GROUP BY to_stage),
gone AS (
    SELECT from_stage AS stage, count(DISTINCT customer_id) AS customers,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell_s) AS median_dwell_s
      FROM moves WHERE at > %(since)s GROUP BY from_stage)
SELECT s.slug, coalesce(p.customers, 0) AS customers, coalesce(e.customers, 0) AS entered, coalesce(g.customers, 0) AS left,
       g.median_dwell_s, coalesce(e.cohort, 0) AS cohort
  FROM (SELECT slug, position FROM stages WHERE lifecycle_id = %(lifecycle_id)s UNION ALL VALUES ('unknown', -1))
       AS s (slug, position)
  LEFT JOIN present AS p ON p.stage = s.slug
  LEFT JOIN entered AS e ON e.stage = s.slug
  LEFT JOIN gone AS g ON g.stage = s.slug
 ORDER BY s.position;

-- name: overview_conversions
-- Of the customers who entered a stage in the cohort's window, those who entered a later stage after that.
WITH moves AS (
    SELECT m.customer_id, m.to_stage, m.at
      FROM stage_moves AS m JOIN customers AS c ON c.id = m.customer_id AND c.merged_into IS NULL
     WHERE m.lifecycle_id = %(lifecycle_id)s AND m.superseded_at IS NULL
       AND m.at > %(cohort_since)s AND m.at <= %(at)s),
spans AS (
    SELECT customer_id, to_stage AS stage, min(at) AS first_at, max(at) AS last_at FROM moves GROUP BY 1, 2)
SELECT s.slug AS stage, t.slug AS to,
       (SELECT count(*) FROM spans AS a JOIN spans AS b ON b.customer_id = a.customer_id
         WHERE a.stage = s.slug AND b.stage = t.slug AND b.last_at > a.first_at) AS customers
  FROM stages AS s JOIN stages AS t ON t.lifecycle_id = s.lifecycle_id AND t.position > s.position
 WHERE s.lifecycle_id = %(lifecycle_id)s
 ORDER BY s.position, t.position;

-- name: overview_flows
-- Customers by the moves they made in the window.
SELECT m.from_stage, m.to_stage, count(DISTINCT m.customer_id) AS customers
  FROM stage_moves AS m JOIN customers AS c ON c.id = m.customer_id AND c.merged_into IS NULL
 WHERE m.lifecycle_id = %(lifecycle_id)s AND m.superseded_at IS NULL AND m.at > %(since)s AND m.at <= %(at)s
 GROUP BY m.from_stage, m.to_stage
 ORDER BY customers DESC, m.from_stage, m.to_stage;
