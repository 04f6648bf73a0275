-- name: find_template
-- A template with the version that counts now; a deleted one only when asked for.
SELECT t.id, t.slug, t.name, t.purpose, t.topic, t.version, v.subject, v.body, v.plain AS text, t.changed_at
  FROM templates AS t JOIN template_versions AS v ON v.template_id = t.id AND v.version = t.version
 WHERE t.slug = %(slug)s AND (t.deleted_at IS NULL OR %(deleted_too)s);

-- name: list_templates
-- Templates by their slug.
SELECT t.slug, t.name, v.subject, t.purpose, t.topic, t.version, t.changed_at, t.id
  FROM templates AS t JOIN template_versions AS v ON v.template_id = t.id AND v.version = t.version
 WHERE t.deleted_at IS NULL AND (%(after)s::text IS NULL OR t.slug > %(after)s)
 ORDER BY t.slug LIMIT %(limit)s;

-- name: save_template
-- A template and its next version; versions are never changed, and a deleted template that is saved again lives again.
WITH saved AS (
    INSERT INTO templates (id, slug, name, purpose, topic, version, changed_at, changed_by)
    VALUES (%(id)s, %(slug)s, %(name)s, %(purpose)s, %(topic)s, 1, %(at)s, %(by)s)
        ON CONFLICT (slug) DO UPDATE
       SET name = excluded.name, purpose = excluded.purpose, topic = excluded.topic, version = templates.version + 1,
           changed_at = excluded.changed_at, changed_by = excluded.changed_by, deleted_at = NULL
    RETURNING id, version)
INSERT INTO template_versions (template_id, version, subject, body, html, plain, created_at, created_by)
SELECT id, version, %(subject)s, %(body)s, %(html)s, %(plain)s, %(at)s, %(by)s FROM saved;

-- name: delete_template
-- Takes a template out of use; messages made from it keep it.
UPDATE templates SET deleted_at = %(at)s, changed_at = %(at)s, changed_by = %(by)s
 WHERE slug = %(slug)s AND deleted_at IS NULL;

-- name: known_slugs
-- Which of these slugs name a template in use.
SELECT slug FROM templates WHERE slug = ANY(%(slugs)s) AND deleted_at IS NULL;

-- name: preview_customer
-- What a template may mention of a customer: whoever they are part of now.
SELECT k.id, k.traits, coalesce(k.traits ->> 'email', e.value) AS email
  FROM customers AS c JOIN customers AS k ON k.id = coalesce(c.merged_into, c.id)
  LEFT JOIN LATERAL (SELECT value FROM identifiers AS i WHERE i.customer_id = k.id AND i.kind = 'email'
                      ORDER BY i.id LIMIT 1) AS e ON true
 WHERE c.id = %(id)s;
