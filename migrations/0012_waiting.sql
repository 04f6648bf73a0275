-- What operators ask of large tables without reading all of them.
-- run: statements
-- works from: 0008

-- Messages that were accepted and that no tick could work in: few, and kept until somebody decides.
CREATE INDEX CONCURRENTLY IF NOT EXISTS rejections_put_aside ON rejections (at DESC, id DESC) WHERE code = 'stops_ticks';

-- Messages of which nobody knows whether they went out.
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_unknown ON messages (final_at) WHERE state = 'unknown';
