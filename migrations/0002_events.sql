-- What was sent to us and not yet processed (inbox), what happened (events), and what we refused.

-- A queue: a tick deletes what it claims. Dedupe happens where an event is recorded, by its message id.
CREATE TABLE inbox (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id   text COLLATE "C" NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('track', 'identify', 'page', 'screen', 'group', 'alias', 'caused')),
    name         text NOT NULL,
    at           timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    original_at  timestamptz,
    sent_at      timestamptz,
    user_id      text,
    anonymous_id text,
    previous_id  text,
    email        text,
    phone        text,
    customer_id  uuid,
    by_customer  boolean NOT NULL,
    historical   boolean NOT NULL,
    source       text NOT NULL,
    properties   jsonb NOT NULL,
    traits       jsonb NOT NULL,
    consents     jsonb NOT NULL,
    context      jsonb NOT NULL
);
CREATE INDEX inbox_order ON inbox (historical, seq);
-- Who is put on a list and taken off it again before a tick has come is known by what waits here.
CREATE INDEX inbox_lists ON inbox (customer_id) WHERE name IN ('List Joined', 'List Left');

-- The log. seq grows in commit order, because only the tick, one at a time, writes here: readers follow it by offset.
CREATE TABLE events (
    seq            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id             uuid PRIMARY KEY,
    message_id     text COLLATE "C" NOT NULL UNIQUE,
    customer_id    uuid NOT NULL,
    identifier_id  bigint NOT NULL,
    kind           text NOT NULL,
    name           text NOT NULL,
    at             timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    original_at    timestamptz,
    sent_at        timestamptz,
    by_customer    boolean NOT NULL,
    historical     boolean NOT NULL,
    source         text NOT NULL,
    properties     jsonb NOT NULL,
    context        jsonb NOT NULL
);
CREATE INDEX events_of_customer ON events (customer_id, at, seq);

CREATE TABLE event_names (
    name      text PRIMARY KEY,
    events    bigint NOT NULL,
    last_at   timestamptz NOT NULL
);

-- The properties seen of an event, and a few of their values, to suggest when a rule is written. A sample, not a count.
CREATE TABLE event_properties (
    name      text NOT NULL,
    path      text NOT NULL,
    examples  jsonb NOT NULL,
    PRIMARY KEY (name, path)
);

CREATE TABLE rejections (
    id       uuid PRIMARY KEY,
    at       timestamptz NOT NULL,
    source   text NOT NULL,
    code     text NOT NULL,
    reason   text NOT NULL,
    pointer  text NOT NULL,
    body     text NOT NULL
);
CREATE INDEX rejections_newest ON rejections (at DESC, id DESC);

CREATE TABLE imports (
    id           uuid PRIMARY KEY,
    file         text NOT NULL,
    identity     text NOT NULL,
    kind         text NOT NULL,
    mapping      jsonb NOT NULL,
    state        text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    position     bigint NOT NULL,
    rows         bigint,
    accepted     bigint NOT NULL,
    rejected     bigint NOT NULL,
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    started_by   text NOT NULL,
    failed_because text,
    UNIQUE (identity, kind)
);
