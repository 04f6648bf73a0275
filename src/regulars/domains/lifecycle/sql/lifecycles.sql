-- name: lifecycle
-- One lifecycle.
SELECT id, slug, definition, activated_at IS NOT NULL AS active FROM lifecycles WHERE slug = %(slug)s;

-- name: lifecycles
-- Every lifecycle, the active one first.
SELECT id, slug, definition, activated_at IS NOT NULL AS active FROM lifecycles
 ORDER BY activated_at IS NULL, name, slug LIMIT 500;

-- name: active
-- The lifecycle that counts.
SELECT id, slug, definition, true AS active FROM lifecycles WHERE activated_at IS NOT NULL;

-- name: put_lifecycle
-- Writes a lifecycle's definition.
INSERT INTO lifecycles AS l (id, slug, name, description, definition, changed_at, changed_by)
VALUES (%(id)s, %(slug)s, %(name)s, %(description)s, %(definition)s, %(at)s, %(by)s)
    ON CONFLICT (slug) DO UPDATE
   SET name = excluded.name, description = excluded.description, definition = excluded.definition,
       changed_at = excluded.changed_at, changed_by = excluded.changed_by
RETURNING l.id;

-- name: clear_stages
-- The stages' names are written anew with each definition.
DELETE FROM stages WHERE lifecycle_id = %(lifecycle_id)s;

-- name: add_stages
-- The stages in their order.
INSERT INTO stages (lifecycle_id, position, slug, name)
SELECT %(lifecycle_id)s, s.place - 1, s.slug, s.name
  FROM unnest(%(slugs)s::text[], %(names)s::text[]) WITH ORDINALITY AS s (slug, name, place);

-- name: deactivate
-- No lifecycle is active.
UPDATE lifecycles SET activated_at = NULL, history_wanted_at = NULL WHERE activated_at IS NOT NULL;

-- name: activate
-- One is.
UPDATE lifecycles SET activated_at = %(at)s WHERE id = %(lifecycle_id)s;

-- name: stage_of_customer
-- Where a customer is, and since when.
SELECT s.stage, s.since, s.because FROM customer_stages AS s JOIN lifecycles AS l ON l.id = s.lifecycle_id
 WHERE s.customer_id = %(customer_id)s AND l.activated_at IS NOT NULL;

-- name: moves_of
-- The moves of a customer within the active lifecycle, newest first.
SELECT m.at, m.from_stage, m.to_stage, m.dwell_s, m.because
  FROM stage_moves AS m JOIN lifecycles AS l ON l.id = m.lifecycle_id AND l.activated_at IS NOT NULL
 WHERE m.customer_id = %(customer_id)s AND m.superseded_at IS NULL
 ORDER BY m.at DESC, m.seq DESC LIMIT %(limit)s;
