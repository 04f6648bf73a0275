-- So that how late the log reaches is found without reading it, for as long as it takes to make months of it.
-- run: statements
-- works from: 0014

CREATE INDEX CONCURRENTLY IF NOT EXISTS events_received ON events USING brin (received_at);
