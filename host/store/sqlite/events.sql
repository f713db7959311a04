-- events_by_hash: events with these keys, or whose id's digest is one of those (JSON lists).
SELECT json_group_array(json_array(e.id, hex(e.content))) FROM (
    SELECT value AS event FROM json_each(?1)
    UNION ALL SELECT o.event FROM json_each(?2) wanted JOIN event_by_id o ON o.id_hash = wanted.value
) found JOIN event e ON e.event = found.event;

-- any_old: is there an event, no new one, whose id's digest is one of these (JSON list)?
SELECT EXISTS (SELECT 1 FROM json_each(?) wanted JOIN event_by_id o ON o.id_hash = wanted.value);

-- add_event: keep an event as it came.
INSERT INTO event (event, id_hash, id, content, customer, action, body) VALUES (?, ?, ?, ?, ?, ?, ?);

-- event_with_body: an event by key, as long as its body is kept.
SELECT e.id, e.action, c.id, e.body
FROM event e LEFT JOIN customer c ON c.customer = e.customer
WHERE e.event = ? AND e.body IS NOT NULL;

-- count_seen: such events came.
INSERT INTO seen (action, events, last) VALUES (?, ?, ?)
ON CONFLICT (action) DO UPDATE SET events = events + excluded.events, last = excluded.last;

-- old_event_bodies: events older than a key whose bodies are kept and not to be mapped any more, some of them.
SELECT event FROM event WHERE event > ?1 AND event < ?2 AND body IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM message m WHERE m.event = event.event AND m.mapped = 0)
    AND NOT EXISTS (SELECT 1 FROM wait t WHERE t.event = event.event)
ORDER BY event LIMIT ?3;

-- drop_event_bodies: bodies that are no longer kept (JSON list of keys).
UPDATE event SET body = NULL WHERE event IN (SELECT value FROM json_each(?));

-- drop_events: identities of events older than a key, no new ones, and of no kept run, some at a time.
DELETE FROM event WHERE event IN (SELECT event FROM event
    WHERE event < ? AND event <= (SELECT indexed FROM event_indexing)
    AND NOT EXISTS (SELECT 1 FROM run r WHERE r.event = event.event) ORDER BY event LIMIT ?);
