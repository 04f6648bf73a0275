-- What a summary keeps of leaves that ask for the latest time, or the few latest, stands in one array: each leaf has its slots,
-- '-infinity' where there is none. All summaries are made anew as their customers are touched.
-- works from: 0014
ALTER TABLE summaries ADD COLUMN times timestamptz[] NOT NULL DEFAULT '{}';

-- Such times without those before an instant.
CREATE FUNCTION times_since(times timestamptz[], since timestamptz) RETURNS timestamptz[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    SELECT CASE WHEN t.time < times_since.since THEN '-infinity' ELSE t.time END
      FROM unnest(times_since.times) WITH ORDINALITY AS t (time, place) ORDER BY t.place);

-- And facts, in which no number is a time any more.
CREATE FUNCTION facts_since(facts jsonb, us bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN facts_since(facts, '{}', us);

-- A page that holds summaries of many rules holds few of them, and none is packed: it would be unpacked for each slot.
ALTER TABLE summaries SET (toast_tuple_target = 8160);

-- The inbox is emptied as fast as it is filled. Whoever cleans it up must not fall behind.
ALTER TABLE inbox SET (autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Which leaves are in force, and how often they have become others: summaries of leaves that were away have missed events.
CREATE TABLE summary_plan (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    leaves  text COLLATE "C" NOT NULL,
    number  integer NOT NULL
);
