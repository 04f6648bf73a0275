-- name: find_import
-- How far the import of a file's content with one mapping has come.
SELECT id, state, position, rows, accepted, rejected, started_at, finished_at, failed_because
  FROM imports WHERE identity = %(identity)s AND kind = %(kind)s;

-- name: begin_import
-- Begins an import at its first row, or takes up one that stopped where it stopped.
INSERT INTO imports (id, file, identity, kind, mapping, state, position, rows, accepted, rejected, started_at, started_by)
VALUES (%(id)s, %(file)s, %(identity)s, %(kind)s, %(mapping)s, 'running', 0, %(rows)s, 0, 0, %(at)s, %(started_by)s)
    ON CONFLICT (identity, kind) DO UPDATE
       SET state = 'running', finished_at = NULL, failed_because = NULL, rows = EXCLUDED.rows, file = EXCLUDED.file
RETURNING id, state, position, rows, accepted, rejected, started_at, finished_at, failed_because;

-- name: advance_import
-- Notes how far an import came, unless somebody else took it further meanwhile.
UPDATE imports
   SET state = %(state)s, position = %(position)s, rows = %(rows)s, accepted = %(accepted)s, rejected = %(rejected)s,
       finished_at = CASE WHEN %(state)s = 'running' THEN NULL ELSE %(at)s::timestamptz END,
       failed_because = %(failed_because)s
 WHERE id = %(id)s AND position = %(before)s;
