-- Lifecycles, the stage each customer is in, and every move between stages.

CREATE TABLE lifecycles (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    description  text NOT NULL,
    definition   jsonb NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL,
    activated_at timestamptz,
    history_wanted_at timestamptz
);
CREATE UNIQUE INDEX lifecycles_one_active ON lifecycles ((true)) WHERE activated_at IS NOT NULL;

CREATE TABLE stages (
    lifecycle_id  uuid NOT NULL REFERENCES lifecycles,
    position      smallint NOT NULL,
    slug          text NOT NULL,
    name          text NOT NULL,
    PRIMARY KEY (lifecycle_id, position),
    UNIQUE (lifecycle_id, slug)
);

-- Where a customer is now. No row: unknown, no stage's rule holds.
CREATE TABLE customer_stages (
    lifecycle_id  uuid NOT NULL REFERENCES lifecycles,
    customer_id   uuid NOT NULL,
    stage         text NOT NULL,
    since         timestamptz NOT NULL,
    because       jsonb NOT NULL,
    PRIMARY KEY (lifecycle_id, customer_id)
);
CREATE INDEX customer_stages_by_stage ON customer_stages (lifecycle_id, stage, since);

-- Moves are made by a tick as they happen, or (historical) found by a rebuild from recorded history, which replaces what
-- an earlier rebuild had found. Where it also covers what a tick had noted, that record stays, superseded.
CREATE TABLE stage_moves (
    id            uuid PRIMARY KEY,
    seq           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    lifecycle_id  uuid NOT NULL REFERENCES lifecycles,
    customer_id   uuid NOT NULL,
    from_stage    text NOT NULL,
    to_stage      text NOT NULL,
    at            timestamptz NOT NULL,
    dwell_s       double precision,
    because       jsonb NOT NULL,
    historical    boolean NOT NULL,
    superseded_at timestamptz
);
CREATE INDEX stage_moves_in_time ON stage_moves (lifecycle_id, at) WHERE superseded_at IS NULL;
CREATE INDEX stage_moves_of_customer ON stage_moves (customer_id, lifecycle_id, at, id);
