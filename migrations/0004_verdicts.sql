-- Every registered rule and, for each customer, whether it holds and since when, and when time alone can change that.

-- A rule is known by its owner and part: ('audience', slug), ('stage', 'lifecycle/stage'), ('journey', slug). At most one
-- version is live; a new one fills beside it and takes its place when it is whole. `tree` is the rule as written;
-- `written_out` is what this version means for good, over events, traits and instants alone: what mentions an audience or a
-- stage is registered anew whenever that one is, and what has bare dates, days in `time_zone`, when the company moves.
CREATE TABLE rules (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner          text NOT NULL CHECK (owner IN ('audience', 'stage', 'journey')),
    part           text NOT NULL,
    position       smallint,
    tree           jsonb NOT NULL,
    written_out    jsonb NOT NULL,
    time_zone      text,
    state          text NOT NULL CHECK (state IN ('filling', 'filled', 'live', 'retired')),
    registered_at  timestamptz NOT NULL,
    registered_seq bigint NOT NULL,
    live_at        timestamptz,
    retired_at     timestamptz,
    fill_done      bigint NOT NULL DEFAULT 0,
    fill_total     bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX rules_one_live ON rules (owner, part) WHERE state = 'live';
CREATE UNIQUE INDEX rules_one_coming ON rules (owner, part) WHERE state IN ('filling', 'filled');

-- A customer without a row does not match. While a rule fills, every judged customer has a row, so that the bulk load knows
-- whom the tick has already judged.
CREATE TABLE verdicts (
    rule_id      integer NOT NULL REFERENCES rules,
    customer_id  uuid NOT NULL,
    holds        boolean NOT NULL,
    since        timestamptz NOT NULL,
    PRIMARY KEY (rule_id, customer_id)
);
CREATE INDEX verdicts_of_customer ON verdicts (customer_id);

-- When a customer is judged again though nothing happens: never later than time alone can change a verdict of theirs. It
-- may be earlier. A customer who keeps coming moves that moment with every event, and is not written down anew each time.
CREATE TABLE due (
    customer_id  uuid PRIMARY KEY,
    at           timestamptz NOT NULL
);
CREATE INDEX due_order ON due (at);

-- What the tick keeps of each judged customer's history, so that it need not read it again: under each leaf's key the few
-- entries that still matter. `plan` names the leaves it was kept for. Whoever is judged `by_history` has no entries: an event
-- of theirs was recorded before its time, or there are more entries than a summary holds.
CREATE TABLE summaries (
    customer_id  uuid PRIMARY KEY,
    plan         text COLLATE "C" NOT NULL,
    by_history   boolean NOT NULL,
    facts        jsonb NOT NULL
) WITH (fillfactor = 80);
