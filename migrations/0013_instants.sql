-- The instant of the last tick: ticks never go back, whatever becomes of the machine's clock.
-- works from: 0008
CREATE TABLE last_tick (
    one  boolean PRIMARY KEY CHECK (one),
    at   timestamptz NOT NULL
);
