-- How far each consumer of a journal is behind, up to a thousand events, and how old the first of them is.
SELECT consumer, partition, waiting.events, waiting.seconds
FROM consumer_offset AS reached
CROSS JOIN LATERAL (
  SELECT count(*) AS events, coalesce(extract(epoch FROM clock_timestamp() - min(unseen."timestamp")), 0) AS seconds
  FROM (
    SELECT event."timestamp" FROM booking_event AS event
    WHERE event.tag = reached.tag AND event.partition = reached.partition AND event.position > reached."offset"
    ORDER BY event.position LIMIT 1000
  ) AS unseen
) AS waiting
ORDER BY waiting.seconds DESC, consumer, partition
