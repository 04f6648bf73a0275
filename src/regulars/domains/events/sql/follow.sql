-- name: follow_events
-- Events from an offset on, in the order in which they were recorded; properties as text keep every digit. What the
-- context says of a campaign is kept beside the properties, and is none of them.
SELECT seq, customer_id, identifier_id, name, at, received_at, by_customer, historical, kind, source,
       context #>> '{campaign,source}' AS campaign_source, context #>> '{campaign,medium}' AS campaign_medium,
       context #>> '{campaign,name}' AS campaign_name, context #>> '{campaign,term}' AS campaign_term,
       context #>> '{campaign,content}' AS campaign_content, properties::text AS properties
  FROM events WHERE seq > %(after)s ORDER BY seq LIMIT %(rows_max)s;
