-- name: add_months
-- Makes the log's parts for these instants where they are missing, and says of how many months that was so.
SELECT count(*) FILTER (WHERE add_log_month(g.month)) AS made
  FROM (SELECT DISTINCT date_trunc('month', given, 'UTC') AS month FROM unnest(%(instants)s::timestamptz[]) AS given) AS g;

-- name: add_months_of_tick
-- The same for all that the tick has taken.
SELECT count(*) FILTER (WHERE add_log_month(g.month)) AS made
  FROM (SELECT DISTINCT date_trunc('month', received_at, 'UTC') AS month FROM tick_messages) AS g;

-- name: log_begins
-- From when on the log is whole; nothing while nothing was ever taken out of it.
SELECT max(until) FROM log_removals;
