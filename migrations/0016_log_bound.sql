-- The log as it is becomes the first of its parts. It ends two months after the month of its last event, or of one that a
-- clock that was wrong has dated later: until then nothing needs another part. A log without events ends nowhere yet.
-- works from: 0014
DO $$
DECLARE
    newest timestamptz := greatest((SELECT received_at FROM events ORDER BY seq DESC LIMIT 1), (SELECT at FROM last_tick));
    bound  timestamptz;
    ahead  timestamptz;
BEGIN
    PERFORM set_config('timezone', 'UTC', true), set_config('enable_seqscan', 'off', true);
    bound := coalesce(date_trunc('month', newest) + interval '2 months', 'infinity');
    ahead := (SELECT max(received_at) FROM events WHERE received_at >= bound);
    bound := coalesce(date_trunc('month', ahead) + interval '2 months', bound);
    EXECUTE format('ALTER TABLE events ADD CONSTRAINT events_until CHECK (received_at < %L) NOT VALID', bound);
END $$;
