-- Ids of rows that a set-based statement makes: a UUIDv7 whose random part is the hash of a key. The same key at the
-- same instant gives the same id, so running a statement again cannot make a second row.
CREATE FUNCTION derived_id(at timestamptz, key text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
            || '7' || substr(h, 1, 3)
            || substr('89ab', 1 + (('x' || substr(h, 4, 1))::bit(4)::integer & 3), 1)
            || substr(h, 5, 15))::uuid
      FROM (SELECT encode(sha256(convert_to(key, 'UTF8')), 'hex') AS h) AS hashed
$$;
