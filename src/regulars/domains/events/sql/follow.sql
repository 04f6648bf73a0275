-- name: follow_events
-- Events from an offset on, in the order in which they were recorded; properties as text keep every digit.
SELECT seq, customer_id, identifier_id, name, at, received_at, by_customer, historical, properties::text AS properties
  FROM events WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s;
