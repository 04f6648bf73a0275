-- PostgreSQL empties unlogged tables when it recovers from a crash, and at no other time: whoever finds another mark here
-- than before knows that there was one. A connection that was lost without a word tells nothing of why.
-- works from: 0014
CREATE UNLOGGED TABLE crash_witness (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    mark    uuid NOT NULL
);
