-- An event's id outside follows from its message id and when that came, so the log need not keep it, nor an index of it.
-- works from: 0014
ALTER TABLE events DROP COLUMN id;
