-- Members, the ways they prove who they are, and the record of what they did.

CREATE TABLE settings (
    name        text PRIMARY KEY,
    value       jsonb NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  text NOT NULL
);

CREATE TABLE members (
    id             uuid PRIMARY KEY,
    email          text NOT NULL UNIQUE CHECK (email = lower(email)),
    name           text NOT NULL,
    password_hash  text NOT NULL,
    role           text NOT NULL CHECK (role IN ('owner', 'admin', 'marketer', 'analyst', 'support', 'viewer')),
    created_at     timestamptz NOT NULL
);

CREATE TABLE setup_links (
    token_hash  bytea PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

CREATE TABLE sessions (
    token_hash    bytea PRIMARY KEY,
    member_id     uuid NOT NULL REFERENCES members,
    created_at    timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    user_agent    text NOT NULL
);

-- One row a failed sign-in; the throttle counts them per e-mail and per address.
CREATE TABLE sign_in_failures (
    at       timestamptz NOT NULL,
    email    text NOT NULL,
    address  text NOT NULL
);
CREATE INDEX sign_in_failures_by_email ON sign_in_failures (email, at);
CREATE INDEX sign_in_failures_by_address ON sign_in_failures (address, at);

-- A write key is public by nature (browsers carry it), so it is kept in the clear; of an admin key only the hash is.
CREATE TABLE api_keys (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('write', 'admin')),
    name          text NOT NULL,
    prefix        text NOT NULL,
    secret_hash   bytea NOT NULL UNIQUE,
    write_key     text CHECK ((kind = 'write') = (write_key IS NOT NULL)),
    scopes        text[] NOT NULL,
    created_at    timestamptz NOT NULL,
    created_by    text NOT NULL,
    last_used_at  timestamptz,
    revoked_at    timestamptz
);

-- `seq` keeps the order of what was done in the same instant.
CREATE TABLE audit_log (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    at          timestamptz NOT NULL,
    actor_kind  text NOT NULL,
    actor_id    text NOT NULL,
    actor_name  text NOT NULL,
    action      text NOT NULL,
    subject     text NOT NULL,
    details     jsonb NOT NULL
);
