-- name: lock_sign_in
-- Attempts for one name or from one address are counted one after the other; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(%(of)s, 1));

-- name: forget_failures
-- Failures too old to count for any throttle.
DELETE FROM sign_in_failures WHERE at < %(before)s;

-- name: failures_of_email
-- The latest failures for an account, newest first.
SELECT at FROM sign_in_failures WHERE email = %(email)s AND at > %(since)s ORDER BY at DESC LIMIT %(limit)s;

-- name: failures_of_address
-- The latest failures from a network address, newest first.
SELECT at FROM sign_in_failures WHERE address = %(address)s AND at > %(since)s ORDER BY at DESC LIMIT %(limit)s;

-- name: add_failure
-- Counts an attempt as failed.
INSERT INTO sign_in_failures (at, email, address) VALUES (%(at)s, %(email)s, %(address)s);

-- name: clear_failures
-- Who has signed in has not been guessing from there.
DELETE FROM sign_in_failures WHERE email = %(email)s AND address = %(address)s;

-- name: add_session
-- A new session.
INSERT INTO sessions (token_hash, member_id, created_at, last_seen_at, expires_at, user_agent)
VALUES (%(token_hash)s, %(member_id)s, %(at)s, %(at)s, %(expires_at)s, %(user_agent)s);

-- name: session
-- The session behind a token, and whose it is, unless it is over.
SELECT s.created_at AS session_created_at, s.last_seen_at, s.expires_at, m.id, m.email, m.name, m.role, m.created_at
  FROM sessions AS s JOIN members AS m ON m.id = s.member_id
 WHERE s.token_hash = %(token_hash)s AND s.expires_at > %(at)s;

-- name: touch_session
-- The session was seen, which keeps it.
UPDATE sessions SET last_seen_at = %(at)s, expires_at = %(expires_at)s WHERE token_hash = %(token_hash)s;

-- name: end_all_sessions
-- Everybody signs in again.
DELETE FROM sessions;

-- name: end_session
-- Ends a session.
DELETE FROM sessions WHERE token_hash = %(token_hash)s;

-- name: forget_sessions
-- Sessions that are over.
DELETE FROM sessions WHERE expires_at <= %(at)s;

-- name: add_key
-- A new key.
INSERT INTO api_keys (id, kind, name, prefix, secret_hash, write_key, scopes, created_at, created_by)
VALUES (%(id)s, %(kind)s, %(name)s, %(prefix)s, %(secret_hash)s, %(write_key)s, %(scopes)s, %(at)s, %(created_by)s);

-- name: keys_of_prefix
-- The keys in force that begin like this; almost always one.
SELECT id, kind, name, prefix, write_key, scopes, created_at, last_used_at, revoked_at, secret_hash
  FROM api_keys
 WHERE prefix = %(prefix)s AND revoked_at IS NULL;

-- name: key
-- One key, in force or not.
SELECT id, kind, name, prefix, write_key, scopes, created_at, last_used_at, revoked_at FROM api_keys WHERE id = %(id)s;

-- name: keys
-- Keys, newest first.
SELECT id, kind, name, prefix, write_key, scopes, created_at, last_used_at, revoked_at
  FROM api_keys
 WHERE %(after)s::uuid IS NULL OR id < %(after)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- name: has_admin_key
-- Whether an admin key was ever made.
SELECT EXISTS (SELECT FROM api_keys WHERE kind = 'admin');

-- name: first_write_key
-- The oldest write key in force.
SELECT write_key FROM api_keys WHERE kind = 'write' AND revoked_at IS NULL ORDER BY id LIMIT 1;

-- name: touch_key
-- The key was used.
UPDATE api_keys SET last_used_at = %(at)s WHERE id = %(id)s;

-- name: revoke_key
-- From now on the key opens nothing.
UPDATE api_keys SET revoked_at = %(at)s WHERE id = %(id)s AND revoked_at IS NULL;
