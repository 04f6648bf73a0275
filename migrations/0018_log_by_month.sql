-- The log in parts, one a calendar month (UTC) of when its events came in: what it was before is the first of them, as it
-- is. Nothing is copied or read for it. A program of before this accepts events with this schema, and cannot tick.
-- works from: 0014

-- squawk-ignore renaming-table
ALTER TABLE events RENAME TO events_first;
-- Its numbers are given by the whole from now on.
-- squawk-ignore ban-alter-identity
ALTER TABLE events_first ALTER COLUMN seq DROP IDENTITY;
-- The table is locked for the moment all this takes: its own index can go, and others be named after it, in that moment.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX IF EXISTS events_received;
-- squawk-ignore renaming-object
ALTER INDEX events_of_customer RENAME TO events_first_of_customer;
-- squawk-ignore renaming-object
ALTER INDEX events_seq_key RENAME TO events_first_seq;
-- squawk-ignore renaming-object
ALTER INDEX events_message_id_key RENAME TO events_first_message_id;

-- The log. seq grows in commit order, because only the tick, one at a time, writes here: readers follow it by offset.
-- Each part has two indexes of its own, by seq and by message id: a unique one of the whole would have to hold when the
-- event came. That a message id counts once is seen to by the tick, which looks for it where it claims messages.
CREATE TABLE events (
    seq            bigint GENERATED ALWAYS AS IDENTITY,
    message_id     text COLLATE "C" NOT NULL,
    customer_id    uuid NOT NULL,
    identifier_id  bigint NOT NULL,
    kind           text NOT NULL,
    name           text NOT NULL,
    at             timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    original_at    timestamptz,
    sent_at        timestamptz,
    by_customer    boolean NOT NULL,
    historical     boolean NOT NULL,
    source         text NOT NULL,
    properties     jsonb NOT NULL,
    context        jsonb NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX events_of_customer ON events (customer_id, at, seq);

DO $$
DECLARE
    newest bigint := (SELECT max(seq) FROM events_first);
    bound  timestamptz := (SELECT substring(pg_get_constraintdef(oid) FROM '''(.*)''')::timestamptz
                             FROM pg_constraint WHERE conrelid = 'events_first'::regclass AND conname = 'events_until');
BEGIN
    PERFORM set_config('timezone', 'UTC', true);
    IF newest IS NULL THEN
        DROP TABLE events_first;
    ELSE
        IF bound = 'infinity' THEN  -- It had no events a moment ago: what it has now is read in no time.
            bound := (SELECT date_trunc('month', max(received_at)) + interval '2 months' FROM events_first);
        END IF;
        PERFORM setval(pg_get_serial_sequence('events', 'seq'), newest);
        EXECUTE format('ALTER TABLE events ATTACH PARTITION events_first FOR VALUES FROM (MINVALUE) TO (%L)', bound);
        ALTER TABLE events_first DROP CONSTRAINT events_until;
    END IF;
END $$;

-- The log's parts. One that is `leaving` is out of everybody's sight already.
CREATE VIEW log_parts AS
SELECT c.relname::text AS name, c.oid,
       coalesce(substring(b.bound FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity') AS first,
       coalesce(substring(b.bound FROM 'TO \(''([^'']+)''\)')::timestamptz, 'infinity') AS until,
       i.inhdetachpending AS leaving
  FROM pg_inherits AS i
  JOIN pg_class AS c ON c.oid = i.inhrelid
 CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
 WHERE i.inhparent = 'events'::regclass;

-- What was taken out of the log and is in the warehouse alone. It is decided first, then done: what was decided and not
-- done yet is done before anything else is. From the latest `until` on the log is whole, and nothing is recorded as if it
-- had come in before.
CREATE TABLE log_removals (
    name        text PRIMARY KEY,
    first       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    events      bigint NOT NULL,
    last_seq    bigint,
    bytes       bigint NOT NULL,
    decided_at  timestamptz NOT NULL,
    removed_at  timestamptz
);

-- Makes the part of a month if there is none, and says whether. A new part is attached to the log, not made in it: that
-- waits for no reader and no writer, and none waits for it.
CREATE FUNCTION add_log_month(instant timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    month   timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
    begins  timestamptz := month AT TIME ZONE 'UTC';
    ends    timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
    part    text := 'events_' || to_char(month, 'YYYY_MM');
BEGIN
    PERFORM FROM log_parts AS p WHERE p.first <= instant AND instant < p.until;
    IF FOUND OR instant < (SELECT max(r.until) FROM log_removals AS r) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(7291820006);
    PERFORM FROM log_parts AS p WHERE p.first <= instant AND instant < p.until;
    IF FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE events)', part);
    EXECUTE format('CREATE INDEX %I ON %I (seq)', part || '_seq', part);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (message_id)', part || '_message_id', part);
    EXECUTE format('CREATE INDEX %I ON %I (customer_id, at, seq)', part || '_of_customer', part);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, begins, ends);
    RETURN true;
END $$;

-- A summary's facts without the times before an instant (microseconds since 1970). Facts are, by their form: a number,
-- which is a time under the keys given; an entry [time, number, truth]; a list of times, or of entries.
CREATE FUNCTION facts_since(facts jsonb, times text[], us bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (
    SELECT coalesce(jsonb_object_agg(left_over.key, left_over.value), '{}') FROM (
        SELECT f.key, CASE
               WHEN jsonb_typeof(f.value) <> 'array'
               THEN CASE WHEN f.key <> ALL(times) OR (f.value #>> '{}')::numeric >= us THEN f.value END
               WHEN jsonb_typeof(f.value -> 2) = 'boolean'
               THEN CASE WHEN (f.value ->> 0)::numeric >= us THEN f.value END
               ELSE (SELECT jsonb_agg(e.entry ORDER BY e.place)
                       FROM jsonb_array_elements(f.value) WITH ORDINALITY AS e (entry, place)
                      WHERE CASE jsonb_typeof(e.entry) WHEN 'array' THEN e.entry ->> 0 ELSE e.entry #>> '{}' END::numeric
                            >= us) END AS value
          FROM jsonb_each(facts) AS f) AS left_over
     WHERE left_over.value IS NOT NULL);
