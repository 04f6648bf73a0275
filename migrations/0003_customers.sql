-- Who is who: customers, what points to them, what is known of them, and what they agreed to.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE customers (
    id             uuid PRIMARY KEY,
    created_at     timestamptz NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    merged_into    uuid REFERENCES customers,
    traits         jsonb NOT NULL
);
CREATE INDEX customers_newest ON customers (last_seen_at DESC, id DESC) WHERE merged_into IS NULL;
CREATE INDEX customers_absorbed ON customers (merged_into) WHERE merged_into IS NOT NULL;

-- What a search looks through. Beside the customer: whenever somebody is seen doing something their row is written anew, with an
-- entry in every index on it, and an index of trigrams takes longer than all else.
CREATE TABLE customer_searches (
    customer_id    uuid PRIMARY KEY REFERENCES customers ON DELETE CASCADE,
    search         text NOT NULL
);
CREATE INDEX customer_searches_text ON customer_searches USING gin (search gin_trgm_ops);

-- An event belongs to the customer its identifier points to; merging and unmerging move identifiers, and events follow.
-- Every customer has one identifier of kind 'customer': its own id, by which what the system caused is addressed.
CREATE TABLE identifiers (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('user_id', 'anonymous_id', 'email', 'phone', 'customer')),
    value          text COLLATE "C" NOT NULL,
    customer_id    uuid NOT NULL REFERENCES customers,
    first_seen_at  timestamptz NOT NULL,
    UNIQUE (kind, value)
);
CREATE INDEX identifiers_of_customer ON identifiers (customer_id);

-- A trait's history. Its value at an instant is that of the latest `at` up to then, the higher seq deciding a tie.
CREATE TABLE trait_values (
    seq            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    customer_id    uuid NOT NULL,
    key            text NOT NULL,
    at             timestamptz NOT NULL,
    identifier_id  bigint NOT NULL,
    message_id     text COLLATE "C" NOT NULL,
    value          jsonb NOT NULL,
    text           text NOT NULL,
    number         double precision,
    instant        timestamptz,
    PRIMARY KEY (customer_id, key, at, seq)
);
CREATE INDEX trait_values_of_identifier ON trait_values (identifier_id);

CREATE TABLE trait_keys (
    key       text PRIMARY KEY,
    examples  jsonb NOT NULL
);

CREATE TABLE merges (
    id              uuid PRIMARY KEY,
    seq             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kept_id         uuid NOT NULL REFERENCES customers,
    absorbed_id     uuid NOT NULL REFERENCES customers,
    identifier_ids  bigint[] NOT NULL,
    at              timestamptz NOT NULL,
    because         jsonb NOT NULL,
    undone_at       timestamptz,
    undone_by       text,
    undone_seq      bigint
);
CREATE SEQUENCE merges_undone_seq;
CREATE INDEX merges_unfollowed ON merges (id) WHERE undone_at IS NOT NULL AND undone_seq IS NULL;
CREATE UNIQUE INDEX merges_undone ON merges (undone_seq) WHERE undone_seq IS NOT NULL;
CREATE INDEX merges_kept ON merges (kept_id);
CREATE INDEX merges_absorbed ON merges (absorbed_id);

-- Every time an identifier came to point to another customer, in commit order: followers of the log move its events by it.
CREATE TABLE identifier_moves (
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identifier_id  bigint NOT NULL,
    customer_id    uuid NOT NULL
);

-- Orders to undo a merge, carried out by the next tick.
CREATE TABLE unmerge_orders (
    merge_id    uuid PRIMARY KEY REFERENCES merges,
    ordered_at  timestamptz NOT NULL,
    ordered_by  text NOT NULL
);

-- Customers a member has taken apart: they are never brought together again by what their devices send.
CREATE TABLE separations (
    one_id    uuid NOT NULL REFERENCES customers,
    other_id  uuid NOT NULL REFERENCES customers,
    at        timestamptz NOT NULL,
    PRIMARY KEY (one_id, other_id),
    CHECK (one_id < other_id)
);

-- Append-only. What counts is the latest record; a merge appends a "no" the absorbed customer had said (merge_id), and
-- undoing the merge takes just that record out of account. `fed` is given by whoever follows, since requests write here
-- too, and their numbers do not grow in commit order.
CREATE TABLE consents (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id  uuid NOT NULL,
    identifier_id bigint NOT NULL,
    channel      text NOT NULL,
    topic        text NOT NULL,
    answer       text NOT NULL CHECK (answer IN ('yes', 'no')),
    at           timestamptz NOT NULL,
    source       text NOT NULL,
    because      jsonb NOT NULL,
    message_id   text COLLATE "C" NOT NULL,
    merge_id     uuid REFERENCES merges,
    fed          bigint UNIQUE,
    UNIQUE (message_id, channel, topic)
);
CREATE SEQUENCE consents_fed;
CREATE INDEX consents_unfollowed ON consents (seq) WHERE fed IS NULL;
CREATE INDEX consents_of_customer ON consents (customer_id, channel, topic, at, seq);

CREATE VIEW effective_consents AS
SELECT DISTINCT ON (c.customer_id, c.channel, c.topic)
       c.customer_id, c.channel, c.topic, c.answer, c.at, c.source
  FROM consents AS c LEFT JOIN merges AS m ON m.id = c.merge_id
 WHERE c.merge_id IS NULL OR m.undone_at IS NULL
 ORDER BY c.customer_id, c.channel, c.topic, c.at DESC, c.seq DESC;

-- Static lists: names for customers put together by hand or by file.
CREATE TABLE lists (
    slug        text PRIMARY KEY,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  text NOT NULL
);

-- The last that the log says of a customer and a list, by time and seq: that they joined it or that they left. A list
-- that was deleted may still be spoken of.
CREATE TABLE list_members (
    customer_id  uuid NOT NULL,
    list         text NOT NULL,
    joined       boolean NOT NULL,
    at           timestamptz NOT NULL,
    seq          bigint NOT NULL,
    PRIMARY KEY (customer_id, list)
);
CREATE INDEX list_members_newest ON list_members (list, at DESC, customer_id DESC) WHERE joined;
