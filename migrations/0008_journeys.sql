-- Journeys, their published versions, and each customer's passage through one.

CREATE TABLE journeys (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'live', 'paused', 'ended')),
    draft        jsonb NOT NULL,
    live_version integer,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL
);

-- Never changed once published. `enter_where` holds the tests of event_passes(); `leave_part` names the rule (owner
-- 'journey') that ends an enrolment, shared by versions whose rule is the same, and `leave_text` says it in words.
CREATE TABLE journey_versions (
    journey_id     uuid NOT NULL REFERENCES journeys,
    version        integer NOT NULL,
    definition     jsonb NOT NULL,
    enter_name     text NOT NULL,
    enter_where    jsonb NOT NULL,
    again          text NOT NULL CHECK (again IN ('never', 'after_leaving')),
    leave_part     text,
    leave_text     text,
    first_step     text NOT NULL,
    published_at   timestamptz NOT NULL,
    published_by   text NOT NULL,
    PRIMARY KEY (journey_id, version)
);
CREATE INDEX journey_versions_by_trigger ON journey_versions (enter_name);

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
    FOREIGN KEY (journey_id, version) REFERENCES journey_versions,
    CHECK ((kind = 'leave') = (next IS NULL))
);

-- An enrolment keeps the version it entered with. It is never without a next wake-up or a final state: `step` is where
-- the customer stands after `visit` visits, `next_step` the one to be taken at `wake_at`.
CREATE TABLE enrolments (
    id            uuid PRIMARY KEY,
    journey_id    uuid NOT NULL REFERENCES journeys,
    version       integer NOT NULL,
    customer_id   uuid NOT NULL,
    entered_as    uuid NOT NULL,
    event_seq     bigint NOT NULL,
    entered_at    timestamptz NOT NULL,
    step          text,
    next_step     text,
    visit         integer NOT NULL,
    wake_at       timestamptz,
    left_at       timestamptz,
    left_because  text,
    seq           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    left_seq      bigint UNIQUE,
    CHECK ((left_at IS NULL) = (wake_at IS NOT NULL)),
    CHECK ((left_at IS NULL) = (next_step IS NOT NULL)),
    CHECK ((left_at IS NULL) = (left_because IS NULL)),
    UNIQUE (journey_id, entered_as, event_seq)
);
CREATE SEQUENCE enrolments_left_seq;
CREATE INDEX enrolments_unfollowed ON enrolments (id) WHERE left_at IS NOT NULL AND left_seq IS NULL;
CREATE INDEX enrolments_due ON enrolments (journey_id, wake_at, id) WHERE left_at IS NULL;
CREATE INDEX enrolments_of_customer ON enrolments (customer_id, entered_at DESC);
CREATE INDEX enrolments_of_journey ON enrolments (journey_id, entered_at DESC, id DESC);
CREATE UNIQUE INDEX enrolments_one_inside ON enrolments (journey_id, customer_id) WHERE left_at IS NULL;

CREATE TABLE passages (
    enrolment_id  uuid NOT NULL REFERENCES enrolments,
    visit         integer NOT NULL,
    step          text NOT NULL,
    kind          text NOT NULL,
    at            timestamptz NOT NULL,
    outcome       jsonb NOT NULL,
    seq           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    PRIMARY KEY (enrolment_id, visit)
);

-- Customers who met the trigger of a journey and did not enter: the last time, why, and how often so far.
CREATE TABLE journey_refusals (
    journey_id    uuid NOT NULL REFERENCES journeys,
    customer_id   uuid NOT NULL,
    at            timestamptz NOT NULL,
    event_seq     bigint NOT NULL,
    because       text NOT NULL,
    times         bigint NOT NULL,
    PRIMARY KEY (journey_id, customer_id)
);
CREATE INDEX journey_refusals_newest ON journey_refusals (journey_id, at DESC, customer_id DESC);

-- Whether an event's properties pass all tests, in the meaning of the rule language. A test is an object: `path` (a JSON
-- path over objects), `negated`, and one of `exists`, `in` (texts), `starts_with`, `contains` (with `element`, a pattern
-- for the text of a flat list that has it), `at_least`, `more_than`, `at_most`, `less_than` (numbers).
CREATE FUNCTION event_passes(properties jsonb, tests jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_array_elements(tests) AS test
         CROSS JOIN LATERAL (
               SELECT coalesce(properties ->> (test ->> 'property'),
                               jsonb_path_query_first(properties, (test ->> 'path')::jsonpath, '{}', true) #>> '{}')
                      AS text) AS value
         CROSS JOIN LATERAL (
               SELECT CASE WHEN length(value.text) <= 200
                            AND value.text ~ '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'
                           THEN value.text::double precision END AS number) AS read
         WHERE (test ->> 'negated')::boolean = coalesce(
               CASE WHEN test ? 'exists' THEN value.text IS NOT NULL
                    WHEN test ? 'in' THEN test -> 'in' ? value.text
                    WHEN test ? 'starts_with' THEN starts_with(value.text, test ->> 'starts_with')
                    WHEN test ? 'contains' THEN
                         CASE WHEN value.text ~ (test ->> 'list') THEN value.text ~ (test ->> 'element')
                              ELSE strpos(value.text, test ->> 'contains') > 0 END
                    WHEN test ? 'at_least' THEN read.number >= (test ->> 'at_least')::double precision
                    WHEN test ? 'more_than' THEN read.number > (test ->> 'more_than')::double precision
                    WHEN test ? 'at_most' THEN read.number <= (test ->> 'at_most')::double precision
                    WHEN test ? 'less_than' THEN read.number < (test ->> 'less_than')::double precision
               END, false))
$$;
