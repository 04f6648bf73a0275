-- name: journey
-- One journey.
SELECT id, slug, name, state, draft, live_version, changed_at FROM journeys WHERE slug = %(slug)s;

-- name: lock_journey
-- One journey, kept from other changes until this one is done. Ticks, which point new rows to it, are not held up.
SELECT id, slug, name, state, draft, live_version, changed_at FROM journeys WHERE slug = %(slug)s FOR NO KEY UPDATE;

-- name: journeys
-- A page of journeys by slug.
SELECT id, slug, name, state, draft, live_version, changed_at FROM journeys
 WHERE %(after)s::text IS NULL OR slug > %(after)s ORDER BY slug LIMIT %(limit)s;

-- name: put_draft
-- Writes a journey's name and draft; what is published stays as it is.
INSERT INTO journeys AS j (id, slug, name, state, draft, created_at, changed_at, changed_by)
VALUES (%(id)s, %(slug)s, %(name)s, 'draft', %(draft)s, %(at)s, %(at)s, %(by)s)
    ON CONFLICT (slug) DO UPDATE
   SET name = excluded.name, draft = excluded.draft, changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: set_state
-- A journey is published, paused, resumed or ended.
UPDATE journeys SET state = %(state)s, live_version = %(version)s, changed_at = %(at)s, changed_by = %(by)s
 WHERE id = %(journey_id)s;

-- name: delete_draft
-- Removes a journey that nobody can have entered.
DELETE FROM journeys WHERE id = %(journey_id)s AND live_version IS NULL;

-- name: add_version
-- A version that will not change any more.
INSERT INTO journey_versions (journey_id, version, definition, enter_name, enter_where, again, leave_part, leave_text,
                              first_step, published_at, published_by)
VALUES (%(journey_id)s, %(version)s, %(definition)s, %(enter_name)s, %(enter_where)s, %(again)s, %(leave_part)s,
        %(leave_text)s, %(first_step)s, %(at)s, %(by)s);

-- name: add_steps
-- The steps of a version.
INSERT INTO journey_steps (journey_id, version, step, kind, wait_s, template, because, next)
SELECT %(journey_id)s, %(version)s, s.* FROM unnest(
       %(steps)s::text[], %(kinds)s::text[], %(waits)s::bigint[], %(templates)s::text[], %(reasons)s::text[],
       %(nexts)s::text[]) AS s;

-- name: versions
-- The versions of a journey, the newest first.
SELECT version, definition, leave_part, leave_text, published_at FROM journey_versions
 WHERE journey_id = %(journey_id)s ORDER BY version DESC LIMIT 200;

-- name: idle_leave_parts
-- Leave rules in force of a journey that no version counts on any more: neither the live one nor one with somebody inside.
SELECT DISTINCT r.part
  FROM journey_versions AS v
  JOIN rules AS r ON r.owner = 'journey' AND r.part = v.leave_part AND r.state <> 'retired'
 WHERE v.journey_id = %(journey_id)s
   AND NOT EXISTS (
       SELECT FROM journey_versions AS used
        WHERE used.journey_id = v.journey_id AND used.leave_part = v.leave_part
          AND (used.version = %(version)s
               OR EXISTS (SELECT FROM enrolments AS e WHERE e.journey_id = used.journey_id AND e.version = used.version
                                                        AND e.left_at IS NULL)));

-- name: counts
-- How many are inside each of these journeys, and how many entered and left it in all.
SELECT journey_id, count(*) FILTER (WHERE left_at IS NULL) AS inside, count(*) AS entered,
       count(*) FILTER (WHERE left_at IS NOT NULL) AS left
  FROM enrolments WHERE journey_id = ANY(%(journeys)s) GROUP BY journey_id;

-- name: step_counts
-- How many stand at each step of a journey now, and how many visits it has had, over all versions.
SELECT coalesce(i.step, p.step) AS step, coalesce(i.inside, 0) AS inside, coalesce(p.passed, 0) AS passed
  FROM (SELECT step, count(*) AS inside FROM enrolments
         WHERE journey_id = %(journey_id)s AND left_at IS NULL AND step IS NOT NULL GROUP BY step) AS i
  FULL JOIN (SELECT p.step, count(*) AS passed FROM passages AS p JOIN enrolments AS e ON e.id = p.enrolment_id
              WHERE e.journey_id = %(journey_id)s GROUP BY p.step) AS p ON p.step = i.step;

-- name: refusal_counts
-- Why customers who met the trigger did not enter the last time they met it.
SELECT because, count(*) AS customers FROM journey_refusals
 WHERE journey_id = %(journey_id)s GROUP BY because ORDER BY customers DESC LIMIT 50;

-- name: refusals
-- Customers who met the trigger and did not enter, the latest first.
SELECT customer_id, at, because, times FROM journey_refusals
 WHERE journey_id = %(journey_id)s
   AND (%(before_at)s::timestamptz IS NULL OR (at, customer_id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY at DESC, customer_id DESC LIMIT %(limit)s;

-- name: enrolments_of_journey
-- Enrolments of a journey, the latest first.
SELECT e.id, e.customer_id, j.slug AS journey, e.version, e.entered_at, e.step, e.wake_at, e.left_at, e.left_because
  FROM enrolments AS e JOIN journeys AS j ON j.id = e.journey_id
 WHERE e.journey_id = %(journey_id)s
   AND (%(before_at)s::timestamptz IS NULL OR (e.entered_at, e.id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY e.entered_at DESC, e.id DESC LIMIT %(limit)s;

-- name: enrolments_of_customer
-- Enrolments of a customer, the latest first.
SELECT e.id, e.customer_id, j.slug AS journey, e.version, e.entered_at, e.step, e.wake_at, e.left_at, e.left_because
  FROM enrolments AS e JOIN journeys AS j ON j.id = e.journey_id
 WHERE e.customer_id = %(customer_id)s
   AND (%(before_at)s::timestamptz IS NULL OR (e.entered_at, e.id) < (%(before_at)s, %(before_id)s::uuid))
 ORDER BY e.entered_at DESC, e.id DESC LIMIT %(limit)s;

-- name: enrolment
-- One enrolment.
SELECT e.id, e.customer_id, j.slug AS journey, e.version, e.entered_at, e.step, e.wake_at, e.left_at, e.left_because
  FROM enrolments AS e JOIN journeys AS j ON j.id = e.journey_id WHERE e.id = %(id)s;

-- name: passages
-- The visits of an enrolment in their order, each send with what became of its message.
SELECT p.visit, p.step, p.kind, p.at, p.outcome, m.id AS message_id, m.state AS message_state
  FROM passages AS p
  LEFT JOIN messages AS m ON p.kind = 'send' AND m.key = p.enrolment_id || ':' || p.visit
 WHERE p.enrolment_id = %(id)s ORDER BY p.visit LIMIT %(limit)s;
