-- count_hour: add to what this hour brought.
INSERT INTO hour (connection, hour, delivered, undelivered, delivered_at, failed_at, failed_message)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (connection, hour) DO UPDATE SET
    delivered = delivered + excluded.delivered,
    undelivered = undelivered + excluded.undelivered,
    delivered_at = COALESCE(excluded.delivered_at, delivered_at),
    failed_at = COALESCE(excluded.failed_at, failed_at),
    failed_message = COALESCE(excluded.failed_message, failed_message);

-- hours: what each hour of a connection brought, oldest first.
SELECT hour, delivered, undelivered FROM hour WHERE connection = ? AND hour >= ? ORDER BY hour;

-- last_delivery: when a message of a connection last got there.
SELECT delivered_at FROM hour WHERE connection = ? AND delivered_at IS NOT NULL ORDER BY hour DESC LIMIT 1;

-- last_failure: when an attempt last did not deliver, and of which message.
SELECT failed_at, failed_message FROM hour
WHERE connection = ? AND failed_at IS NOT NULL ORDER BY hour DESC LIMIT 1;

-- drop_hours: forget some hours of a connection.
DELETE FROM hour WHERE connection = ?1 AND hour IN (
    SELECT hour FROM hour WHERE connection = ?1 AND hour < ?2 ORDER BY hour LIMIT ?3);
