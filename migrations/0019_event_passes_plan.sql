-- A tick of many is planned for as many as it has, and PostgreSQL 18 would plan the body of this function again for each event.
-- works from: 0014
ALTER FUNCTION event_passes(jsonb, jsonb) SET plan_cache_mode = force_generic_plan;
