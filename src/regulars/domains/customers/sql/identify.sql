-- name: address_caused
-- What the system caused is addressed to a customer, or to what has since become of them.
UPDATE tick_messages AS t
   SET identifier_id = i.id, customer_id = i.customer_id
  FROM identifiers AS i
 WHERE t.kind = 'caused' AND i.kind = 'customer' AND i.value = t.customer_id::text;

-- name: drop_unaddressed
-- A caused message whose customer no longer exists has nobody to happen to.
DELETE FROM tick_messages WHERE kind = 'caused' AND identifier_id IS NULL;

-- name: settle_messages
-- A message belongs to the customer of its most trusted identifier: here all that need no decision, since everything they
-- mention is known and of one customer.
UPDATE tick_messages AS t
   SET identifier_id = i.id, customer_id = i.customer_id
  FROM identifiers AS i
 WHERE t.kind NOT IN ('caused', 'alias')
   AND i.kind = CASE WHEN t.user_id IS NOT NULL THEN 'user_id' WHEN t.email IS NOT NULL THEN 'email'
                     WHEN t.phone IS NOT NULL THEN 'phone' ELSE 'anonymous_id' END
   AND i.value = coalesce(t.user_id, t.email, t.phone, t.anonymous_id)
   AND (t.email IS NULL OR i.kind = 'email' OR i.customer_id = (
        SELECT customer_id FROM identifiers WHERE kind = 'email' AND value = t.email))
   AND (t.phone IS NULL OR i.kind = 'phone' OR i.customer_id = (
        SELECT customer_id FROM identifiers WHERE kind = 'phone' AND value = t.phone))
   AND (t.anonymous_id IS NULL OR i.kind = 'anonymous_id' OR i.customer_id = (
        SELECT customer_id FROM identifiers WHERE kind = 'anonymous_id' AND value = t.anonymous_id));

-- name: unsettled_mentions
-- All others may change who is who: those with an identifier never seen, with identifiers of several customers, and every
-- alias.
SELECT t.seq, t.message_id, t.at, t.user_id, t.email, t.phone, t.anonymous_id,
       CASE WHEN t.kind = 'alias' THEN t.previous_id END AS previous_id
  FROM tick_messages AS t WHERE t.kind <> 'caused' AND t.identifier_id IS NULL ORDER BY t.seq;

-- name: known_identifiers
-- Where these identifiers point, and whether that customer has a user id.
SELECT i.kind, i.value, i.customer_id,
       EXISTS (SELECT FROM identifiers AS u WHERE u.customer_id = i.customer_id AND u.kind = 'user_id') AS with_user_id
  FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS m (kind, value)
  JOIN identifiers AS i ON i.kind = m.kind AND i.value = m.value;

-- name: separations_of
-- Pairs among these customers that a member has taken apart, also when it was another they have since become part of.
SELECT DISTINCT now.one_id, now.other_id
  FROM separations AS s
  JOIN customers AS a ON a.id = s.one_id
  JOIN customers AS b ON b.id = s.other_id
 CROSS JOIN LATERAL (SELECT coalesce(a.merged_into, a.id) AS one_id, coalesce(b.merged_into, b.id) AS other_id) AS now
 WHERE now.one_id = ANY(%(customers)s) AND now.other_id = ANY(%(customers)s) AND now.one_id <> now.other_id;

-- name: add_customers
-- New customers, each with an identifier of its own.
WITH added AS (
    INSERT INTO customers (id, created_at, first_seen_at, last_seen_at, traits)
    SELECT n.id, %(at)s, n.seen_at, n.seen_at, '{}'
      FROM unnest(%(ids)s::uuid[], %(seen_at)s::timestamptz[]) AS n (id, seen_at)
    RETURNING id, first_seen_at)
INSERT INTO identifiers (kind, value, customer_id, first_seen_at)
SELECT 'customer', id::text, id, first_seen_at FROM added ORDER BY added.id;

-- name: add_identifiers
-- Identifiers not seen before, each pointing to its customer.
INSERT INTO identifiers (kind, value, customer_id, first_seen_at)
SELECT * FROM unnest(%(kinds)s::text[], %(values)s::text[], %(customers)s::uuid[], %(seen_at)s::timestamptz[]);

-- name: merge
-- One entry of the ledger: the identifiers of the absorbed customer now point to the kept one.
WITH moved AS (
    UPDATE identifiers SET customer_id = %(kept)s WHERE customer_id = %(absorbed)s RETURNING id, customer_id),
followed AS (
    INSERT INTO identifier_moves (identifier_id, customer_id) SELECT id, customer_id FROM moved ORDER BY moved.id)
INSERT INTO merges (id, kept_id, absorbed_id, identifier_ids, at, because)
SELECT %(id)s, %(kept)s, %(absorbed)s, coalesce(array_agg(id ORDER BY id), '{}'), %(at)s, %(because)s FROM moved;

-- name: remember_merged
-- Tells the later steps who has become part of whom in the end.
INSERT INTO merged SELECT * FROM unnest(%(kept)s::uuid[], %(absorbed)s::uuid[], %(merges)s::uuid[]);

-- name: resolve_messages
-- Once all is decided every message belongs to the customer of its most trusted identifier, also one that was settled and
-- whose identifier has moved since.
UPDATE tick_messages AS t
   SET identifier_id = i.id, customer_id = i.customer_id
  FROM identifiers AS i
 WHERE t.kind <> 'caused'
   AND i.kind = CASE WHEN t.user_id IS NOT NULL THEN 'user_id' WHEN t.email IS NOT NULL THEN 'email'
                     WHEN t.phone IS NOT NULL THEN 'phone' ELSE 'anonymous_id' END
   AND i.value = coalesce(t.user_id, t.email, t.phone, t.anonymous_id)
   AND (t.identifier_id IS NULL OR t.customer_id <> i.customer_id);
