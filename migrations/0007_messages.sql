-- Templates, the messages made from them, the attempts to deliver them, and addresses never to be written to.

CREATE TABLE templates (
    id          uuid PRIMARY KEY,
    slug        text NOT NULL UNIQUE,
    name        text NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('marketing', 'transactional')),
    topic       text NOT NULL,
    version     integer NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  text NOT NULL,
    deleted_at  timestamptz
);

CREATE TABLE template_versions (
    template_id  uuid NOT NULL REFERENCES templates,
    version      integer NOT NULL,
    subject      text NOT NULL,
    body         text NOT NULL,
    html         text NOT NULL,
    plain        text NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    PRIMARY KEY (template_id, version)
);

-- One row a message, for ever: what became of it and why, also when it was not sent. `made_for` is the customer it was made
-- for and never changes; `customer_id` is whom that customer is part of now. `because` says why it was made, `why` what
-- allowed it, withheld it or failed it. A provider is told `id`, so that a retry carries the same Message-ID. Ticks alone make
-- messages, so `seq` grows in commit order; that of a delivery (`fed`) is given by whoever follows.
CREATE TABLE messages (
    id             uuid PRIMARY KEY,
    key            text NOT NULL UNIQUE,
    customer_id    uuid NOT NULL,
    made_for       uuid NOT NULL,
    channel        text NOT NULL CHECK (channel IN ('email')),
    template_id    uuid NOT NULL REFERENCES templates,
    version        integer NOT NULL,
    purpose        text NOT NULL,
    topic          text NOT NULL,
    enrolment_id   uuid,
    event_seq      bigint,
    state          text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'withheld', 'failed', 'unknown')),
    because        jsonb NOT NULL,
    why            jsonb NOT NULL,
    created_at     timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    lease_until    timestamptz,
    lease_token    uuid,
    attempts       integer NOT NULL,
    address        text,
    subject        text,
    final_at       timestamptz,
    seq            bigint GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX messages_due ON messages (purpose, due_at, id) WHERE state = 'queued';
CREATE INDEX messages_leased ON messages (lease_until) WHERE state = 'sending';
CREATE INDEX messages_of_customer ON messages (customer_id, created_at DESC);

CREATE TABLE deliveries (
    message_id  uuid NOT NULL REFERENCES messages,
    attempt     integer NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    outcome     text CHECK (outcome IN ('accepted', 'refused', 'deferred', 'unknown')),
    reply_code  integer,
    reply       text,
    fed         bigint UNIQUE,
    PRIMARY KEY (message_id, attempt)
);
CREATE SEQUENCE deliveries_fed;
CREATE INDEX deliveries_unfollowed ON deliveries (message_id) WHERE ended_at IS NOT NULL AND fed IS NULL;

-- A link in a message: the token in the mail is signed and names the row, so there is nothing to redirect openly.
CREATE TABLE message_links (
    message_id  uuid NOT NULL REFERENCES messages,
    position    smallint NOT NULL,
    url         text NOT NULL,
    PRIMARY KEY (message_id, position)
);

-- What came back by the links and the picture in a message. `machine`: a scanner or a proxy, not the customer.
CREATE TABLE message_responses (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id  uuid NOT NULL REFERENCES messages,
    kind        text NOT NULL CHECK (kind IN ('opened', 'clicked')),
    position    smallint,
    at          timestamptz NOT NULL,
    machine     boolean NOT NULL,
    agent       text NOT NULL
);
CREATE INDEX message_responses_of_message ON message_responses (message_id, at);

CREATE TABLE suppressions (
    channel    text NOT NULL,
    address    text NOT NULL,
    reason     text NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'member')),
    at         timestamptz NOT NULL,
    because    jsonb NOT NULL,
    lifted_at  timestamptz,
    lifted_by  text
);
CREATE INDEX suppressions_in_force ON suppressions (channel, address) WHERE lifted_at IS NULL;

-- Mail caught by the built-in SMTP server when no other is set.
CREATE TABLE caught_mail (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    mail_from  text NOT NULL,
    mail_to    text[] NOT NULL,
    subject    text NOT NULL,
    message_id uuid,
    raw        bytea NOT NULL
);
CREATE INDEX caught_mail_newest ON caught_mail (at DESC, id DESC);
