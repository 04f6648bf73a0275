-- name: leave_merged
-- Of the enrolments that a merge brings together in one journey, one goes on: the kept customer's own, else the oldest.
WITH together AS (
    SELECT e.id, i.customer_id AS now_id,
           row_number() OVER (PARTITION BY e.journey_id, i.customer_id
                              ORDER BY (e.customer_id = i.customer_id) DESC, e.entered_at, e.id) AS place
      FROM (SELECT kept_id AS id FROM merged UNION SELECT absorbed_id FROM merged UNION SELECT kept_id FROM unmerged) AS c
      JOIN enrolments AS e ON e.customer_id = c.id AND e.left_at IS NULL
      JOIN identifiers AS i ON i.kind = 'customer' AND i.value = e.entered_as::text),
gone AS (
    UPDATE enrolments AS e
       SET left_at = %(at)s, left_because = 'merged', wake_at = NULL, next_step = NULL, customer_id = t.now_id
      FROM together AS t WHERE e.id = t.id AND t.place > 1
    RETURNING e.id, e.customer_id, e.journey_id, e.version, e.left_because)
INSERT INTO caused (customer_id, name, at, properties)
SELECT g.customer_id, 'Journey Left', %(at)s, jsonb_build_object(
           'journey', j.slug, 'version', g.version, 'because', g.left_because, 'enrolment', 'enr_' || replace(g.id::text, '-', ''))
  FROM gone AS g JOIN journeys AS j ON j.id = g.journey_id;

-- name: move_merged
-- All other enrolments go with their customer.
UPDATE enrolments AS e SET customer_id = m.kept_id FROM merged AS m WHERE e.customer_id = m.absorbed_id;

-- name: move_unmerged
-- A customer taken out again gets back the enrolments they had entered; one that ended with the merge stays ended.
UPDATE enrolments AS e
   SET customer_id = i.customer_id
  FROM identifiers AS i
 WHERE e.customer_id IN (SELECT kept_id FROM unmerged)
   AND i.kind = 'customer' AND i.value = e.entered_as::text AND i.customer_id <> e.customer_id;

-- name: move_refusals
-- What is known of an absorbed customer who did not enter is known of the kept one.
WITH gone AS (
    DELETE FROM journey_refusals AS r USING merged AS m WHERE r.customer_id = m.absorbed_id
    RETURNING r.journey_id, m.kept_id, r.at, r.event_seq, r.because, r.times)
INSERT INTO journey_refusals AS r (journey_id, customer_id, at, event_seq, because, times)
SELECT DISTINCT ON (journey_id, kept_id) journey_id, kept_id, at, event_seq, because,
       sum(times) OVER (PARTITION BY journey_id, kept_id)
  FROM gone ORDER BY journey_id, kept_id, at DESC
    ON CONFLICT (journey_id, customer_id) DO UPDATE SET times = r.times + excluded.times;

-- name: leave_where_rule_holds
-- Ends the enrolments whose leave rule has begun to hold, or to count; paused journeys let go too.
WITH held AS (
    SELECT r.part, c.customer_id
      FROM verdict_changes AS c JOIN rules AS r ON r.id = c.rule_id AND r.owner = 'journey'
     WHERE c.holds
     UNION
    SELECT r.part, v.customer_id
      FROM (SELECT kept_id AS id FROM merged UNION SELECT kept_id FROM unmerged UNION SELECT absorbed_id FROM unmerged) AS c
      JOIN verdicts AS v ON v.customer_id = c.id AND v.holds
      JOIN rules AS r ON r.id = v.rule_id AND r.owner = 'journey' AND r.state = 'live'
     UNION
    SELECT r.part, e.customer_id
      FROM became_live AS b
      JOIN rules AS r ON r.id = b.rule_id AND r.owner = 'journey'
      JOIN journey_versions AS j ON j.leave_part = r.part
      JOIN enrolments AS e ON e.journey_id = j.journey_id AND e.version = j.version AND e.left_at IS NULL
      JOIN verdicts AS v ON v.rule_id = b.rule_id AND v.customer_id = e.customer_id AND v.holds),
gone AS (
    UPDATE enrolments AS e
       SET left_at = %(at)s, left_because = 'leave rule: ' || v.leave_text, wake_at = NULL, next_step = NULL
      FROM held AS h, journey_versions AS v
     WHERE v.leave_part = h.part AND e.journey_id = v.journey_id AND e.version = v.version
       AND e.customer_id = h.customer_id AND e.left_at IS NULL
    RETURNING e.id, e.customer_id, e.journey_id, e.version, e.left_because)
INSERT INTO caused (customer_id, name, at, properties)
SELECT g.customer_id, 'Journey Left', %(at)s, jsonb_build_object(
           'journey', j.slug, 'version', g.version, 'because', g.left_because, 'enrolment', 'enr_' || replace(g.id::text, '-', ''))
  FROM gone AS g JOIN journeys AS j ON j.id = g.journey_id;

-- name: leave_ended
-- Nobody stays in a journey that has ended.
WITH gone AS (
    UPDATE enrolments AS e
       SET left_at = %(at)s, left_because = 'the journey ended', wake_at = NULL, next_step = NULL
      FROM journeys AS j WHERE j.id = e.journey_id AND j.state = 'ended' AND e.left_at IS NULL
    RETURNING e.id, e.customer_id, j.slug, e.version, e.left_because)
INSERT INTO caused (customer_id, name, at, properties)
SELECT customer_id, 'Journey Left', %(at)s, jsonb_build_object(
           'journey', slug, 'version', version, 'because', left_because, 'enrolment', 'enr_' || replace(id::text, '-', ''))
  FROM gone;

-- name: walk
-- One step for everyone whose time has come in a live journey: note the visit, address what is sent, set the next wake-up
-- or the end. Whose leave rule holds takes no step but leaves. How many moved.
WITH due AS (
    SELECT d.*, j.slug
      FROM journeys AS j
     CROSS JOIN LATERAL (
           SELECT e.id, e.journey_id, e.version, e.customer_id, e.event_seq, e.next_step, e.visit, e.wake_at
             FROM enrolments AS e
            WHERE e.journey_id = j.id AND e.left_at IS NULL AND e.wake_at <= %(at)s
              AND (%(entered_at)s::timestamptz IS NULL OR e.entered_at = %(entered_at)s)
            ORDER BY e.wake_at, e.id LIMIT %(batch_max)s FOR UPDATE) AS d
     WHERE j.state = 'live'),
taken AS (
    SELECT d.*, d.visit + 1 AS now_visit, s.kind, s.template, s.because, s.next,
           CASE WHEN s.kind = 'wait' THEN %(at)s + s.wait_s * interval '1 second' ELSE %(at)s END AS next_at,
           CASE WHEN held.holds THEN 'leave rule: ' || v.leave_text WHEN s.kind = 'leave' THEN s.because END AS left_because,
           coalesce(held.holds, false) AS stops
      FROM due AS d
      JOIN journey_versions AS v ON v.journey_id = d.journey_id AND v.version = d.version
      JOIN journey_steps AS s ON s.journey_id = d.journey_id AND s.version = d.version AND s.step = d.next_step
      LEFT JOIN LATERAL (
           SELECT w.holds FROM rules AS r JOIN verdicts AS w ON w.rule_id = r.id AND w.customer_id = d.customer_id
            WHERE r.owner = 'journey' AND r.part = v.leave_part AND r.state = 'live' AND w.holds) AS held ON true),
visited AS (
    INSERT INTO passages (enrolment_id, visit, step, kind, at, outcome)
    SELECT id, now_visit, next_step, kind, %(at)s, jsonb_strip_nulls(jsonb_build_object(
               'template', template,
               'until', CASE WHEN kind = 'wait' THEN to_char(next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END,
               'because', because,
               'late_s', CASE WHEN %(at)s - wake_at > %(late_after)s THEN extract(epoch FROM %(at)s - wake_at)::bigint END))
      FROM taken WHERE NOT stops),
sent AS (
    INSERT INTO addressed (key, customer_id, template, enrolment_id, event_seq, at, because)
    SELECT id || ':' || now_visit, customer_id, template, id, event_seq, %(at)s,
           jsonb_build_object('journey', slug, 'version', version, 'step', next_step)
      FROM taken WHERE kind = 'send' AND NOT stops),
moved AS (
    UPDATE enrolments AS e
       SET step = CASE WHEN t.stops THEN e.step ELSE t.next_step END,
           visit = CASE WHEN t.stops THEN e.visit ELSE t.now_visit END,
           next_step = CASE WHEN t.left_because IS NULL THEN t.next END,
           wake_at = CASE WHEN t.left_because IS NULL THEN t.next_at END,
           left_at = CASE WHEN t.left_because IS NOT NULL THEN %(at)s END,
           left_because = t.left_because
      FROM taken AS t WHERE e.id = t.id),
said AS (
    INSERT INTO caused (customer_id, name, at, properties)
    SELECT customer_id, 'Journey Left', %(at)s, jsonb_build_object(
               'journey', slug, 'version', version, 'because', left_because, 'enrolment', 'enr_' || replace(id::text, '-', ''))
      FROM taken WHERE left_because IS NOT NULL)
SELECT count(*) FROM taken;

-- name: enter
-- Whoever met the trigger of a journey enters it, once, unless there is a reason not to, which is then kept. Nothing here is
-- history: a tick works in what is new or history, never both.
WITH met AS (
    SELECT j.id AS journey_id, j.slug, j.state, v.version, v.again, v.first_step, v.leave_part, v.leave_text,
           r.customer_id, r.seq, r.name, count(*) OVER each AS times,
           row_number() OVER (each ORDER BY r.seq) AS place
      FROM recorded AS r
      JOIN journey_versions AS v ON v.enter_name = r.name
      JOIN journeys AS j ON j.id = v.journey_id AND j.live_version = v.version AND j.state IN ('live', 'paused')
     WHERE (v.enter_where = '[]' OR event_passes(r.properties, v.enter_where))
    WINDOW each AS (PARTITION BY j.id, r.customer_id)),
judged AS (
    SELECT m.*, CASE
           WHEN m.state = 'paused' THEN 'the journey was paused'
           WHEN EXISTS (SELECT FROM enrolments AS e WHERE e.journey_id = m.journey_id AND e.customer_id = m.customer_id
                                                      AND e.left_at IS NULL) THEN 'was inside already'
           -- By the customer's enrolments, never by the journey's, of whom there may be a million.
           WHEN m.again = 'never' AND m.journey_id IN (
                SELECT e.journey_id FROM enrolments AS e WHERE e.customer_id = m.customer_id) THEN 'had been here before'
           WHEN EXISTS (SELECT FROM rules AS r JOIN verdicts AS w ON w.rule_id = r.id AND w.customer_id = m.customer_id
                         WHERE r.owner = 'journey' AND r.part = m.leave_part AND r.state = 'live' AND w.holds)
                THEN 'leave rule: ' || m.leave_text
           END AS refused
      FROM met AS m WHERE m.place = 1),
refused AS (
    INSERT INTO journey_refusals AS r (journey_id, customer_id, at, event_seq, because, times)
    SELECT journey_id, customer_id, %(at)s, seq, refused, times FROM judged WHERE refused IS NOT NULL
        ON CONFLICT (journey_id, customer_id) DO UPDATE
       SET at = excluded.at, event_seq = excluded.event_seq, because = excluded.because,
           times = r.times + excluded.times),
entering AS MATERIALIZED (
    SELECT derived_id(%(at)s, concat_ws('/', 'enrolment', journey_id, customer_id, seq)) AS id, journey_id, slug, version,
           first_step, customer_id, seq, name
      FROM judged WHERE refused IS NULL),
entered AS (
    INSERT INTO enrolments (id, journey_id, version, customer_id, entered_as, event_seq, entered_at, step, next_step,
                            visit, wake_at)
    SELECT id, journey_id, version, customer_id, customer_id, seq, %(at)s, NULL, first_step, 0, %(at)s FROM entering),
said AS (
    INSERT INTO caused (customer_id, name, at, properties)
    SELECT customer_id, 'Journey Entered', %(at)s, jsonb_build_object(
               'journey', slug, 'version', version, 'event', name, 'enrolment', 'enr_' || replace(id::text, '-', ''))
      FROM entering ORDER BY seq)
SELECT count(*) FROM entering;

-- name: work
-- Whether somebody's time has come in a live journey, or has to leave one that ended; and whether any of the events of these
-- names lets somebody into one.
SELECT EXISTS (SELECT FROM journeys AS j WHERE j.state = 'live' AND EXISTS (
           SELECT FROM enrolments AS e WHERE e.journey_id = j.id AND e.left_at IS NULL AND e.wake_at <= %(at)s))
    OR EXISTS (SELECT FROM journeys AS j WHERE j.state = 'ended' AND EXISTS (
           SELECT FROM enrolments AS e WHERE e.journey_id = j.id AND e.left_at IS NULL)) AS inside,
       EXISTS (SELECT FROM journey_versions WHERE enter_name = ANY(%(names)s::text[])) AS at_the_door;
