-- Every registered rule and, for each customer, whether it holds, since when, and when time alone can change that.

CREATE TABLE rules (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner          text NOT NULL,
    part           text NOT NULL,
    tree           jsonb NOT NULL,
    state          text NOT NULL CHECK (state IN ('filling', 'live', 'retired')),
    registered_at  timestamptz NOT NULL,
    registered_seq bigint NOT NULL,
    live_at        timestamptz,
    retired_at     timestamptz,
    fill_progress  real NOT NULL
);
CREATE INDEX rules_in_force ON rules (owner) WHERE state <> 'retired';

-- Grows by one on every registration and retirement: what was compiled from the rules is good for one epoch.
CREATE TABLE rules_epoch (epoch bigint NOT NULL);
INSERT INTO rules_epoch VALUES (1);

-- A customer without a row does not match and never will by time alone (once the rule is live).
CREATE TABLE verdicts (
    rule_id      integer NOT NULL REFERENCES rules,
    customer_id  uuid NOT NULL,
    holds        boolean NOT NULL,
    since        timestamptz NOT NULL,
    changes_at   timestamptz,
    PRIMARY KEY (rule_id, customer_id)
);
CREATE INDEX verdicts_of_customer ON verdicts (customer_id);
CREATE INDEX verdicts_due ON verdicts (changes_at) WHERE changes_at IS NOT NULL;
