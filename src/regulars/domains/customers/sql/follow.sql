-- name: follow_trait_values
-- Trait values from an offset on, in the order in which they were recorded.
SELECT seq, customer_id, identifier_id, key, at, text, number, instant
  FROM trait_values WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s;

-- name: follow_identifier_moves
-- Identifiers that have come to point to another customer, from an offset on.
SELECT seq, identifier_id, customer_id FROM identifier_moves WHERE seq > %(after)s ORDER BY seq;

-- name: follow_customers_seen
-- Customers from an offset on, in the order in which their own identifiers were given out.
SELECT id AS seq, customer_id, id AS identifier_id, first_seen_at
  FROM identifiers WHERE kind = 'customer' AND id > %(after)s ORDER BY id LIMIT %(rows_max)s;
