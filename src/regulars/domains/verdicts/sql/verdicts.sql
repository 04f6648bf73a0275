-- name: rules_in_force
-- Every version of a rule that counts or is coming, in a fixed order.
SELECT id, owner, part, position, tree, written_out, state, registered_seq
  FROM rules WHERE state <> 'retired' ORDER BY id;

-- name: versions_in_force
-- The same in short: as long as these are the same, so are the rules.
SELECT id, state FROM rules WHERE state <> 'retired' ORDER BY id;

-- name: time_zone
-- The company's time zone, in which bare dates are days.
SELECT value #>> '{}' FROM settings WHERE name = 'time_zone';

-- name: drop_absorbed
-- An absorbed customer is judged no more.
DELETE FROM verdicts AS v USING merged AS m WHERE v.customer_id = m.absorbed_id;

-- name: touch
-- Whoever something happened to that a rule in force speaks of, whoever is new, and whoever was merged or taken apart, is
-- judged in this tick. What no rule speaks of changes no answer.
INSERT INTO scope (customer_id, at)
SELECT customer_id, %(at)s FROM (
    SELECT customer_id FROM recorded AS r
     WHERE r.name = ANY(%(events)s::text[]) OR (%(any_event)s AND r.by_customer)
        OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS p (prefix) WHERE starts_with(r.name, p.prefix))
     UNION SELECT t.customer_id FROM tick_messages AS t WHERE t.traits ?| %(traits)s::text[]
     UNION SELECT c.id FROM tick_messages AS t JOIN customers AS c ON c.id = t.customer_id WHERE c.created_at = %(at)s
     UNION SELECT kept_id FROM merged
     UNION (SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged EXCEPT SELECT absorbed_id FROM merged)
     ) AS touched;

-- name: add_due
-- So is whoever the clock alone can have changed, the longest due first, up to a ceiling.
INSERT INTO scope (customer_id, at)
SELECT DISTINCT customer_id, %(at)s::timestamptz FROM (
    SELECT customer_id FROM verdicts WHERE changes_at <= %(at)s ORDER BY changes_at LIMIT %(due_max)s) AS due
    ON CONFLICT DO NOTHING;

-- name: make_live
-- Rules that have been filled count from this tick on and take the place of the version before.
WITH retired AS (
    UPDATE rules AS old SET state = 'retired', retired_at = %(at)s
      FROM rules AS new
     WHERE new.state = 'filled' AND old.state = 'live' AND old.owner = new.owner AND old.part = new.part
    RETURNING old.id, old.owner, old.part)
INSERT INTO became_live (rule_id, owner, part, replaces)
SELECT new.id, new.owner, new.part, retired.id
  FROM rules AS new LEFT JOIN retired ON retired.owner = new.owner AND retired.part = new.part
 WHERE new.state = 'filled';

-- name: mark_live
-- The other half of the same step: the one-live-version index is checked row by row.
UPDATE rules AS r SET state = 'live', live_at = %(at)s FROM became_live AS b WHERE r.id = b.rule_id;

-- name: forget_certain_no
-- What a live rule denies for good needs no row, and a merged customer none at all.
DELETE FROM verdicts AS v USING became_live AS b
 WHERE v.rule_id = b.rule_id
   AND ((NOT v.holds AND v.changes_at IS NULL)
        OR EXISTS (SELECT FROM customers AS c WHERE c.id = v.customer_id AND c.merged_into IS NOT NULL));

-- name: write_judged
-- Stores this tick's verdicts where they differ from what is stored, and notes what became true or false for rules that
-- count. A customer a live rule denies for good has no row, and whoever is judged none of rules that count no more: those
-- would fall due again and again. How many became true or false.
WITH stored AS MATERIALIZED (
    SELECT v.ctid AS place, v.rule_id, v.customer_id, v.holds, v.changes_at
      FROM scope AS s CROSS JOIN LATERAL (SELECT ctid, * FROM verdicts AS own WHERE own.customer_id = s.customer_id OFFSET 0) AS v),
found AS MATERIALIZED (
    SELECT j.rule_id, j.customer_id, j.holds, j.changes_at, s.place,
           r.state = 'live' AND j.holds <> coalesce(s.holds, false) AS changed,
           r.state = 'live' AND NOT j.holds AND j.changes_at IS NULL AS denied
      FROM judged AS j
      JOIN rules AS r ON r.id = j.rule_id
      LEFT JOIN stored AS s ON s.rule_id = j.rule_id AND s.customer_id = j.customer_id
     WHERE CASE WHEN s.rule_id IS NULL THEN j.holds OR j.changes_at IS NOT NULL OR r.state <> 'live'
                ELSE j.holds <> s.holds OR j.changes_at IS DISTINCT FROM s.changes_at
                     OR (r.state = 'live' AND NOT j.holds AND j.changes_at IS NULL) END),
noted AS (
    INSERT INTO verdict_changes (rule_id, customer_id, holds)
    SELECT rule_id, customer_id, holds FROM found WHERE changed),
removed AS (
    DELETE FROM verdicts WHERE ctid = ANY (ARRAY(SELECT place FROM found WHERE denied AND place IS NOT NULL))),
outlived AS (
    DELETE FROM verdicts WHERE ctid = ANY (ARRAY(
           SELECT s.place FROM stored AS s JOIN rules AS r ON r.id = s.rule_id AND r.state = 'retired'))),
written AS (
    INSERT INTO verdicts AS v (rule_id, customer_id, holds, since, changes_at)
    SELECT rule_id, customer_id, holds, %(at)s, changes_at FROM found WHERE NOT denied ORDER BY customer_id, rule_id
        ON CONFLICT (rule_id, customer_id) DO UPDATE
       SET holds = excluded.holds, changes_at = excluded.changes_at,
           since = CASE WHEN v.holds = excluded.holds THEN v.since ELSE excluded.since END
     WHERE v.holds <> excluded.holds OR v.changes_at IS DISTINCT FROM excluded.changes_at)
SELECT count(*) FROM found WHERE changed;

-- name: last_event
-- How far the log has come.
SELECT coalesce(max(seq), 0) FROM events;

-- name: add_rule
-- A new version of a rule, to be filled.
INSERT INTO rules (owner, part, position, tree, written_out, time_zone, state, registered_at, registered_seq)
VALUES (%(owner)s, %(part)s, %(position)s, %(tree)s, %(written_out)s, %(time_zone)s, 'filling', %(at)s, %(seq)s);

-- name: retire_coming
-- A version that was coming has been overtaken by a newer one.
UPDATE rules SET state = 'retired', retired_at = %(at)s
 WHERE owner = %(owner)s AND part = %(part)s AND state IN ('filling', 'filled');

-- name: retire
-- Ends every version of a rule.
UPDATE rules SET state = 'retired', retired_at = %(at)s
 WHERE owner = %(owner)s AND part = %(part)s AND state <> 'retired';

-- name: filling
-- Rules whose verdicts over all customers are yet to be found.
SELECT id, owner, part, position, tree, written_out, state, registered_seq
  FROM rules WHERE state = 'filling' ORDER BY id;

-- name: of_another_zone
-- Rules whose newest version speaks of days as they are in another time zone than the company's.
SELECT r.owner, r.part FROM rules AS r
 WHERE r.state <> 'retired'
   AND r.time_zone <> coalesce((SELECT value #>> '{}' FROM settings WHERE name = 'time_zone'), 'UTC')
   AND NOT EXISTS (SELECT FROM rules AS newer WHERE newer.owner = r.owner AND newer.part = r.part
                      AND newer.state <> 'retired' AND newer.id > r.id);

-- name: make_room_for_filled
-- Where a batch of verdicts found in bulk lies until it is joined with what ticks know.
CREATE TEMPORARY TABLE IF NOT EXISTS filled (
    rule_id integer, customer_id uuid, holds boolean, changes_at timestamptz) ON COMMIT DELETE ROWS;

-- name: add_filled
-- Verdicts found in bulk; where a tick has judged a customer meanwhile, the tick knows better. Both go by customer and
-- rule, so that neither waits for a row of the other's that waits for one of its own.
INSERT INTO verdicts (rule_id, customer_id, holds, since, changes_at)
SELECT f.rule_id, f.customer_id, f.holds, %(at)s, f.changes_at
  FROM filled AS f JOIN rules AS r ON r.id = f.rule_id AND r.state = 'filling'
 ORDER BY f.customer_id, f.rule_id
    ON CONFLICT DO NOTHING;

-- name: mark_filled
-- These rules are whole; the next tick lets them count.
UPDATE rules SET state = 'filled' WHERE id = ANY(%(ids)s) AND state = 'filling';

-- name: note_progress
-- How far these rules have been filled. Whoever is changing one of them just now is not waited for.
UPDATE rules SET fill_done = %(done)s, fill_total = %(total)s
 WHERE id IN (SELECT id FROM rules WHERE id = ANY(%(ids)s) AND state = 'filling' FOR UPDATE SKIP LOCKED);

-- name: still_filling
-- Whether any of these rules is still to be filled.
SELECT EXISTS (SELECT FROM rules WHERE id = ANY(%(ids)s) AND state = 'filling');

-- name: count_customers
-- How many there are to judge.
SELECT count(*) FROM customers WHERE merged_into IS NULL;

-- name: fillings
-- The versions of an owner's rules that are coming, and how far they have come.
SELECT part, fill_done AS done, fill_total AS total, registered_at AS since
  FROM rules WHERE owner = %(owner)s AND state IN ('filling', 'filled');

-- name: sweep_retired
-- Verdicts of rules that count no more, a bounded number at a time; what a tick is removing is left to it.
DELETE FROM verdicts WHERE ctid = ANY(ARRAY(
    SELECT v.ctid FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id
     WHERE r.state = 'retired' AND r.retired_at < %(before)s LIMIT %(rows_max)s FOR UPDATE OF v SKIP LOCKED));

-- name: has_work
-- Whether a tick has verdicts due or rules to let count.
SELECT (SELECT min(changes_at) FROM verdicts) <= %(at)s IS TRUE OR EXISTS (SELECT FROM rules WHERE state = 'filled');
