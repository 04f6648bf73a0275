-- Audiences: a name for a rule. Members are the customers for whom the rule holds now (verdicts).

CREATE TABLE audiences (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    rule         jsonb NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL
);
