-- That no event lies beyond is looked up while the log is in use, so that nobody has to wait for it afterwards.
-- run: statements
-- works from: 0014

ALTER TABLE events VALIDATE CONSTRAINT events_until;
