-- name: find
-- A customer, or what has since become of them.
SELECT k.id, k.first_seen_at, k.last_seen_at, k.traits
  FROM customers AS c JOIN customers AS k ON k.id = coalesce(c.merged_into, c.id)
 WHERE c.id = %(id)s;

-- name: find_by_user_id
-- The customer a user id points to.
SELECT customer_id FROM identifiers WHERE kind = 'user_id' AND value = %(user_id)s;

-- name: identifiers_of
-- What points to a customer from outside.
SELECT kind, value, first_seen_at FROM identifiers
 WHERE customer_id = %(id)s AND kind <> 'customer' ORDER BY kind DESC, first_seen_at, id LIMIT 200;

-- name: consents_of
-- What counts now of what a customer has answered.
SELECT channel, topic, answer, at, source FROM effective_consents
 WHERE customer_id = %(id)s ORDER BY channel, topic;

-- name: merges_of
-- The ledger of a customer's merges, newest first, undone ones too.
SELECT m.id, m.absorbed_id, m.at, m.because ->> 'text' AS because, m.undone_at
  FROM merges AS m JOIN customers AS k ON k.id = m.kept_id
 WHERE coalesce(k.merged_into, k.id) = %(id)s ORDER BY m.seq DESC LIMIT 200;

-- name: trait_history
-- All values a trait has had, the one that counts first.
SELECT value, at, message_id FROM trait_values
 WHERE customer_id = %(id)s AND key = %(key)s ORDER BY at DESC, seq DESC LIMIT %(limit)s;

-- name: names
-- What to call these customers.
SELECT c.id, coalesce(c.traits ->> 'name', nullif(concat_ws(' ', c.traits ->> 'first_name', c.traits ->> 'last_name'), ''),
                      nullif(concat_ws(' ', c.traits ->> 'firstName', c.traits ->> 'lastName'), '')) AS name,
       coalesce(c.traits ->> 'email', e.value) AS email
  FROM customers AS c
  LEFT JOIN LATERAL (SELECT value FROM identifiers AS i WHERE i.customer_id = c.id AND i.kind = 'email'
                      ORDER BY i.id LIMIT 1) AS e ON true
 WHERE c.id = ANY(%(ids)s);

-- name: add_consent
-- One more answer; by the e-mail address it came for, when it is known, else by the customer.
INSERT INTO consents (customer_id, identifier_id, channel, topic, answer, at, source, because, message_id)
SELECT i.customer_id, i.id, %(channel)s, %(topic)s, %(answer)s, %(at)s, %(source)s, %(because)s, %(message_id)s
  FROM identifiers AS own
  JOIN LATERAL (SELECT id, customer_id FROM identifiers
                 WHERE id = own.id OR (kind = 'email' AND value = %(email)s::text AND customer_id = own.customer_id)
                 ORDER BY kind = 'email' DESC LIMIT 1) AS i ON true
 WHERE own.kind = 'customer' AND own.value = %(customer_id)s::uuid::text
    ON CONFLICT DO NOTHING;

-- name: hold
-- Holds a customer against whoever is about to write to them: after a "no" is committed, no message starts.
SELECT id FROM customers WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: merge_state
-- Whether a merge is undone or about to be.
SELECT m.undone_at IS NOT NULL OR EXISTS (SELECT FROM unmerge_orders AS o WHERE o.merge_id = m.id)
  FROM merges AS m WHERE m.id = %(id)s;

-- name: order_unmerge
-- Orders the next tick to undo a merge.
INSERT INTO unmerge_orders VALUES (%(id)s, %(at)s, %(by)s) ON CONFLICT DO NOTHING;

-- name: count_orders
-- How many merges wait to be undone.
SELECT count(*) FROM unmerge_orders;
