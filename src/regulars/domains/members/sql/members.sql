-- name: lock_owner_making
-- One owner is made at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('members.owner', 0));

-- name: any_member
-- Whether anybody has an account.
SELECT EXISTS (SELECT FROM members);

-- name: add_member
-- A new colleague.
INSERT INTO members (id, email, name, password_hash, role, created_at)
VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s, %(role)s, %(at)s);

-- name: member_by_email
-- The member with this address, with the hash that proves their password.
SELECT id, email, name, role, created_at, password_hash FROM members WHERE email = %(email)s;

-- name: member
-- One member.
SELECT id, email, name, role, created_at FROM members WHERE id = %(id)s;

-- name: members
-- Members, those who came first first.
SELECT id, email, name, role, created_at
  FROM members
 WHERE %(after)s::uuid IS NULL OR id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- name: add_setup_link
-- A link through which the owner's account can be made once.
INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES (%(token_hash)s, %(at)s, %(expires_at)s);

-- name: setup_link
-- The link behind a token.
SELECT created_at, expires_at, used_at FROM setup_links WHERE token_hash = %(token_hash)s;

-- name: use_setup_link
-- Marks the link as used.
UPDATE setup_links SET used_at = %(at)s WHERE token_hash = %(token_hash)s AND used_at IS NULL;

-- name: read_settings
-- Every setting that was ever set.
SELECT name, value FROM settings;

-- name: write_setting
-- Sets one setting.
INSERT INTO settings (name, value, changed_at, changed_by)
VALUES (%(name)s, %(value)s, %(at)s, %(changed_by)s)
ON CONFLICT (name) DO UPDATE
   SET value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: offer_setting
-- Sets one setting unless a member or key has set it.
INSERT INTO settings (name, value, changed_at, changed_by)
VALUES (%(name)s, %(value)s, %(at)s, %(changed_by)s)
ON CONFLICT (name) DO UPDATE
   SET value = excluded.value, changed_at = excluded.changed_at
 WHERE settings.changed_by = excluded.changed_by AND settings.value <> excluded.value;

-- name: add_audit_entry
-- Who did what, when.
INSERT INTO audit_log (id, at, actor_kind, actor_id, actor_name, action, subject, details)
VALUES (%(id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(action)s, %(subject)s, %(details)s);

-- name: audit_entries
-- The record, newest first.
SELECT seq, id, at, actor_kind, actor_id, actor_name, action, subject, details
  FROM audit_log
 WHERE %(after)s::bigint IS NULL OR seq < %(after)s
 ORDER BY seq DESC
 LIMIT %(limit)s;
