-- Journeys, their published versions, and each customer's passage through one.

CREATE TABLE journeys (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'live', 'paused', 'ended')),
    draft        jsonb NOT NULL,
    live_version integer,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL
);

CREATE TABLE journey_versions (
    journey_id     uuid NOT NULL REFERENCES journeys,
    version        integer NOT NULL,
    definition     jsonb NOT NULL,
    enter_name     text NOT NULL,
    enter_where    jsonb NOT NULL,
    again          text NOT NULL CHECK (again IN ('never', 'after_leaving')),
    leave_part     text,
    first_step     text NOT NULL,
    published_at   timestamptz NOT NULL,
    published_by   text NOT NULL,
    PRIMARY KEY (journey_id, version)
);

CREATE TABLE journey_steps (
    journey_id   uuid NOT NULL,
    version      integer NOT NULL,
    step         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('send', 'wait', 'leave')),
    wait_s       bigint,
    template     text,
    because      text,
    next         text,
    PRIMARY KEY (journey_id, version, step),
    FOREIGN KEY (journey_id, version) REFERENCES journey_versions
);

-- An enrolment keeps the version it entered with. It is never without a next wake-up or a final state.
CREATE TABLE enrolments (
    id            uuid PRIMARY KEY,
    journey_id    uuid NOT NULL REFERENCES journeys,
    version       integer NOT NULL,
    customer_id   uuid NOT NULL,
    entered_as    uuid NOT NULL,
    event_seq     bigint NOT NULL,
    entered_at    timestamptz NOT NULL,
    step          text,
    visit         integer NOT NULL,
    wake_at       timestamptz,
    left_at       timestamptz,
    left_because  text,
    CHECK ((left_at IS NULL) = (wake_at IS NOT NULL)),
    UNIQUE (journey_id, entered_as, event_seq)
);
CREATE INDEX enrolments_due ON enrolments (wake_at, id) WHERE left_at IS NULL;
CREATE INDEX enrolments_of_customer ON enrolments (customer_id, entered_at DESC);
CREATE INDEX enrolments_of_journey ON enrolments (journey_id, entered_at DESC);
CREATE UNIQUE INDEX enrolments_one_inside ON enrolments (journey_id, customer_id) WHERE left_at IS NULL;

CREATE TABLE passages (
    enrolment_id  uuid NOT NULL REFERENCES enrolments,
    visit         integer NOT NULL,
    step          text NOT NULL,
    kind          text NOT NULL,
    at            timestamptz NOT NULL,
    outcome       jsonb NOT NULL,
    PRIMARY KEY (enrolment_id, visit)
);
