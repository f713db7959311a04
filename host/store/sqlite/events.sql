-- events_by_hash: events whose id's digest is one of these (JSON list).
SELECT e.id_hash, e.id, e.content
FROM json_each(?) wanted JOIN event e ON e.id_hash = wanted.value;

-- add_event: remember an event's identity.
INSERT INTO event (event, id_hash, id, content, customer, action) VALUES (?, ?, ?, ?, ?, ?);

-- add_event_body: keep an event as it came.
INSERT INTO event_body (event, body) VALUES (?, ?);

-- event_with_body: an event and its body, by key.
SELECT e.id, e.action, c.id, b.body
FROM event e JOIN event_body b USING (event) LEFT JOIN customer c ON c.customer = e.customer
WHERE e.event = ?;

-- count_seen: such events came.
INSERT INTO seen (action, events, last) VALUES (?, ?, ?)
ON CONFLICT (action) DO UPDATE SET events = events + excluded.events, last = excluded.last;

-- seen: which events come at all.
SELECT action, events, last FROM seen ORDER BY events DESC;

-- drop_event_bodies: bodies of events older than a key, some at a time, unless still to be mapped.
DELETE FROM event_body WHERE event IN (
    SELECT event FROM event_body WHERE event < ?1 AND NOT EXISTS (
        SELECT 1 FROM message m JOIN event e ON e.event = event_body.event
        WHERE m.customer = e.customer AND m.event = e.event AND m.mapped = 0
          AND m.connection IN (SELECT connection FROM connection))
    ORDER BY event LIMIT ?2);

-- drop_events: identities of events older than a key, some at a time.
DELETE FROM event WHERE event IN (SELECT event FROM event WHERE event < ? ORDER BY event LIMIT ?);
