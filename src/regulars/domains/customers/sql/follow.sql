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

-- name: number_consents
-- Gives new answers their place in the order in which they are followed.
UPDATE consents SET fed = nextval('consents_fed')
 WHERE seq IN (SELECT seq FROM consents WHERE fed IS NULL ORDER BY seq LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED);

-- name: follow_consents
-- Answers from an offset on.
SELECT fed AS seq, customer_id, identifier_id, channel, topic, answer, at, source, merge_id
  FROM consents WHERE fed > %(after)s ORDER BY fed LIMIT %(rows_max)s;

-- name: follow_merges
-- Merges from an offset on, in the order in which they were made.
SELECT seq, id AS merge_id, kept_id, absorbed_id, at, because ->> 'text' AS because
  FROM merges WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s;

-- name: number_undoings
-- Gives merges that were undone their place in the order in which that is followed.
UPDATE merges SET undone_seq = nextval('merges_undone_seq')
 WHERE id IN (SELECT id FROM merges WHERE undone_at IS NOT NULL AND undone_seq IS NULL
               ORDER BY undone_at LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED);

-- name: follow_undoings
-- Merges that were undone, from an offset on.
SELECT undone_seq AS seq, id AS merge_id, undone_at AS at, undone_by
  FROM merges WHERE undone_seq > %(after)s ORDER BY undone_seq LIMIT %(rows_max)s;
