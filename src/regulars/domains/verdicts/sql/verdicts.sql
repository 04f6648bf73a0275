-- name: rules_in_force
-- Every version of a rule that counts or is coming, in a fixed order.
SELECT id, owner, part, position, tree, written_out, state, registered_seq
  FROM rules WHERE state <> 'retired' ORDER BY id;

-- name: versions_in_force
-- The same in short: as long as this is the same, so are the rules, and what summaries keep for them. And whether one waits
-- for the next tick to count.
SELECT coalesce(string_agg(id || ' ' || state, ',' ORDER BY id), '') AS versions,
       coalesce((SELECT number FROM summary_plan), 0) AS plan_number,
       coalesce(bool_or(state = 'filled'), false) AS any_filled
  FROM rules WHERE state <> 'retired';

-- name: company
-- What rules that leave it unsaid are meant by.
SELECT name, value FROM settings WHERE name IN ('time_zone', 'usual_gap');

-- name: drop_absorbed
-- An absorbed customer is judged no more.
WITH due_no_more AS (DELETE FROM due AS d USING merged AS m WHERE d.customer_id = m.absorbed_id)
DELETE FROM verdicts AS v USING merged AS m WHERE v.customer_id = m.absorbed_id;

-- name: touch
-- Whoever something happened to that a rule in force speaks of, whoever is new, and whoever was merged or taken apart, is
-- judged in this tick; surely, where it is for more than an event. What no rule speaks of changes no answer. How many they are, the keys of
-- traits that came, and whether the clock brings anybody in as well.
WITH touched AS (
    SELECT customer_id, false AS surely FROM recorded AS r
     WHERE r.name = ANY(%(events)s::text[]) OR (%(any_event)s AND r.by_customer)
        OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS p (prefix) WHERE starts_with(r.name, p.prefix))
     UNION ALL
    SELECT t.customer_id, true FROM tick_messages AS t WHERE t.traits ?| %(traits)s::text[]
     UNION ALL
    SELECT c.id, true FROM tick_messages AS t JOIN customers AS c ON c.id = t.customer_id
     WHERE %(anybody_new)s AND c.created_at = %(at)s
     UNION ALL
    SELECT kept_id, true FROM merged
     UNION ALL
    SELECT r.id, true FROM (SELECT kept_id AS id FROM unmerged UNION SELECT absorbed_id FROM unmerged
                            EXCEPT SELECT absorbed_id FROM merged) AS r),
each AS MATERIALIZED (SELECT customer_id, bool_or(surely) AS surely FROM touched GROUP BY customer_id),
noted AS (INSERT INTO scope (customer_id, at, surely) SELECT customer_id, %(at)s, surely FROM each)
SELECT (SELECT count(*) FROM each) AS many,
       CASE WHEN %(any_traits)s THEN ARRAY(
            SELECT DISTINCT k.key FROM tick_messages AS t CROSS JOIN LATERAL jsonb_object_keys(t.traits) AS k (key)
             WHERE t.traits <> '{}') ELSE '{}' END AS traits,
       EXISTS (SELECT FROM due WHERE at <= %(at)s) AS anybody_due;

-- name: add_due
-- So is whoever the clock alone can have changed, the longest due first, up to a ceiling.
WITH longest AS MATERIALIZED (SELECT customer_id FROM due WHERE at <= %(at)s ORDER BY at LIMIT %(due_max)s),
touched AS (
    UPDATE scope AS s SET surely = true FROM due AS d WHERE d.customer_id = s.customer_id AND d.at <= %(at)s)
INSERT INTO scope (customer_id, at, surely)
SELECT customer_id, %(at)s::timestamptz, true FROM longest WHERE customer_id NOT IN (SELECT customer_id FROM scope);

-- name: make_live
-- Rules that have been filled count from this tick on and take the place of the version before.
WITH retired AS (
    UPDATE rules AS old SET state = 'retired', retired_at = %(at)s
      FROM rules AS new
     WHERE new.state = 'filled' AND old.state = 'live' AND old.owner = new.owner AND old.part = new.part)
INSERT INTO became_live (rule_id) SELECT id FROM rules WHERE state = 'filled';

-- name: mark_live
-- The other half of the same step: the one-live-version index is checked row by row.
UPDATE rules AS r SET state = 'live', live_at = %(at)s FROM became_live AS b WHERE r.id = b.rule_id;

-- name: forget_denied
-- What a live rule denies needs no row, and a merged customer none at all.
WITH due_no_more AS (DELETE FROM due AS d USING customers AS c WHERE c.id = d.customer_id AND c.merged_into IS NOT NULL)
DELETE FROM verdicts AS v USING became_live AS b
 WHERE v.rule_id = b.rule_id
   AND (NOT v.holds
        OR EXISTS (SELECT FROM customers AS c WHERE c.id = v.customer_id AND c.merged_into IS NOT NULL));

-- name: write_changed
-- Of the live rules of one lot, what became true or false for those judged. Where nothing did, nothing is written. How many.
WITH before AS MATERIALIZED (
    SELECT j.customer_id, j.holds AS now, coalesce(own.rules, '{}') AS before
      FROM judged AS j
     CROSS JOIN LATERAL (
           SELECT array_agg(v.rule_id ORDER BY v.rule_id) AS rules FROM verdicts AS v
            WHERE v.customer_id = j.customer_id AND v.holds AND v.rule_id = ANY(%(live)s::integer[])) AS own
     WHERE j.lot = %(lot)s),
changed AS MATERIALIZED (
    SELECT b.customer_id, d.rule_id, d.holds
      FROM before AS b
     CROSS JOIN LATERAL (
           SELECT n.rule_id, true AS holds FROM unnest(b.now) AS n (rule_id)
            WHERE n.rule_id <> ALL(b.before) AND n.rule_id = ANY(%(live)s)
            UNION ALL
           SELECT o.rule_id, false FROM unnest(b.before) AS o (rule_id) WHERE o.rule_id <> ALL(b.now)) AS d
     WHERE b.now <> b.before),
removed AS (
    DELETE FROM verdicts AS v USING changed AS c
     WHERE NOT c.holds AND v.rule_id = c.rule_id AND v.customer_id = c.customer_id),
written AS (
    INSERT INTO verdicts (rule_id, customer_id, holds, since)
    SELECT rule_id, customer_id, true, %(at)s FROM changed WHERE holds ORDER BY customer_id, rule_id),
noted AS (
    INSERT INTO verdict_changes (rule_id, customer_id, holds) SELECT rule_id, customer_id, holds FROM changed)
SELECT count(*) FROM changed;

-- name: write_coming
-- Of the rules of one lot that do not count yet, the verdict on everyone judged.
INSERT INTO verdicts AS v (rule_id, customer_id, holds, since)
SELECT c.rule_id, j.customer_id, c.rule_id = ANY(j.holds), %(at)s
  FROM judged AS j CROSS JOIN unnest(%(coming)s::integer[]) AS c (rule_id)
 WHERE j.lot = %(lot)s ORDER BY j.customer_id, c.rule_id
    ON CONFLICT (rule_id, customer_id) DO UPDATE SET holds = excluded.holds, since = excluded.since
 WHERE v.holds <> excluded.holds;

-- name: write_due
-- When those judged are to be judged again. What is known already and not too late stays; so does a moment that has come if
-- not all rules were asked: one that was filled meanwhile may have set it.
WITH next AS (SELECT customer_id, min(changes_at) AS at FROM judged GROUP BY customer_id),
reached AS (
    DELETE FROM due AS d USING next AS n
     WHERE d.customer_id = n.customer_id AND %(whole)s AND d.at <= %(at)s AND n.at IS NULL)
INSERT INTO due (customer_id, at)
SELECT n.customer_id, n.at
  FROM next AS n LEFT JOIN due AS d ON d.customer_id = n.customer_id
 WHERE n.at IS NOT NULL AND (d.at IS NULL OR d.at > n.at OR %(whole)s AND d.at <= %(at)s) ORDER BY n.customer_id
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at;

-- name: last_event
-- How far the log has come.
SELECT coalesce(max(seq), 0) FROM events;

-- name: add_rule
-- A new version of a rule, to be filled.
INSERT INTO rules (owner, part, position, tree, written_out, time_zone, usual_gap, state, registered_at, registered_seq)
VALUES (%(owner)s, %(part)s, %(position)s, %(tree)s, %(written_out)s, %(time_zone)s, %(usual_gap)s, 'filling', %(at)s,
        %(seq)s);

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

-- name: meant_otherwise
-- Rules whose newest version speaks of days as they are in another time zone than the company's, or of the pulse by
-- another usual gap.
SELECT r.owner, r.part FROM rules AS r
 WHERE r.state <> 'retired'
   AND (r.time_zone <> %(zone)s OR r.usual_gap <> %(usual_gap)s)
   AND NOT EXISTS (SELECT FROM rules AS newer WHERE newer.owner = r.owner AND newer.part = r.part
                      AND newer.state <> 'retired' AND newer.id > r.id);

-- name: make_room_for_filled
-- Where a batch of verdicts found in bulk lies until it is joined with what ticks know.
CREATE TEMPORARY TABLE IF NOT EXISTS filled (
    customer_id uuid, holds integer[], changes_at timestamptz) ON COMMIT DELETE ROWS;

-- name: add_filled
-- Verdicts found in bulk; where a tick has judged a customer meanwhile, the tick knows better. Both go by customer and
-- rule, so that neither waits for a row of the other's that waits for one of its own.
INSERT INTO verdicts (rule_id, customer_id, holds, since)
SELECT h.rule_id, f.customer_id, true, %(at)s
  FROM filled AS f CROSS JOIN LATERAL unnest(f.holds) AS h (rule_id)
  JOIN rules AS r ON r.id = h.rule_id AND r.state = 'filling'
 ORDER BY f.customer_id, h.rule_id
    ON CONFLICT DO NOTHING;

-- name: add_due_filled
-- When those verdicts can change by time alone.
INSERT INTO due AS d (customer_id, at)
SELECT customer_id, changes_at FROM filled WHERE changes_at IS NOT NULL ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at WHERE d.at > excluded.at;

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
SELECT (SELECT min(at) FROM due) <= %(at)s IS TRUE OR EXISTS (SELECT FROM rules WHERE state = 'filled');
