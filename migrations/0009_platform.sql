-- Background work, and how far each follower of the log has read.

CREATE TABLE jobs (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL,
    key          text NOT NULL,
    payload      jsonb NOT NULL,
    enqueued_at  timestamptz NOT NULL,
    run_at       timestamptz NOT NULL,
    attempts     integer NOT NULL,
    leased_until timestamptz,
    finished_at  timestamptz,
    failed_because text
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE finished_at IS NULL AND failed_because IS NULL;
CREATE UNIQUE INDEX jobs_once ON jobs (kind, key) WHERE finished_at IS NULL AND failed_because IS NULL;
