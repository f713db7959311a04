-- A store as it is after a long time: see `benchmarks/pages.py`. :now is in ms since 1970.
CREATE TEMP TABLE wanted AS SELECT :settled AS settled, :undelivered AS undelivered,
    :workflows AS workflows, :runs AS runs, :waits AS waits, :waiting AS waiting, :customers AS customers, (:now - 1577836800000) AS now, :connection AS connection;

INSERT INTO customer (customer, id, opted_out, opted_at, changed_at, fields)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, wanted WHERE i < customers)
SELECT i, 'customer-' || i, 0, 0, now, '{"first_name":"Anna","email":"c' || i || '@example.com","score":10}'
FROM n, wanted;

-- Events and messages share their numbers: the oldest a month ago, the last one just now.
CREATE TEMP TABLE made AS
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, wanted WHERE i < settled + undelivered + waiting)
SELECT i, ((now - 2592000000 * (settled + undelivered + waiting - i) / (settled + undelivered + waiting)) << 20) + i % 1048576 AS key,
    1 + i * 7919 % customers AS customer, 1 + i / customers AS seq, i <= settled + undelivered AS ended,
    i <= settled AS delivered
FROM n, wanted;

INSERT INTO event (event, id_hash, id, content, customer, action)
SELECT key, i, 'e-' || i, x'00', customer, CASE i % 3 WHEN 0 THEN 'reward_claim' ELSE 'point_add' END FROM made;

INSERT INTO event_by_id SELECT id_hash, event FROM event ORDER BY id_hash;
INSERT INTO event_by_customer SELECT customer, event FROM event ORDER BY customer, event;
UPDATE event_indexing SET indexed = (SELECT event FROM event ORDER BY event DESC LIMIT 1 OFFSET 60000);

INSERT INTO settled (connection, message, customer, seq, kind, event, edition, mapped, state, attempts,
    reason_code, reason_text, environment, settled_at, duration_ms, status)
SELECT connection, key, customer, seq, 0, key, 1, 1, CASE WHEN delivered THEN 'delivered' ELSE 'undelivered' END, 1,
    CASE WHEN NOT delivered THEN 'rejected' END, CASE WHEN NOT delivered THEN 'refused (HTTP 400)' END, 'development',
    (key >> 20) + 1577836800000, 20, CASE WHEN delivered THEN 202 ELSE 400 END
FROM made, wanted WHERE ended;

-- One in ten of what waits was sent in vain.
INSERT INTO message (connection, customer, seq, message, kind, event, edition, mapped, attempts, due,
    reason_code, reason_text, environment, previous)
SELECT connection, customer, seq, key, 0, key, 1, 1, i % 10 = 0, 0,
    CASE i % 10 WHEN 0 THEN 'timeout' END, CASE i % 10 WHEN 0 THEN 'no answer within 10 seconds' END, 'development',
    lag(key) OVER (PARTITION BY customer ORDER BY i)
FROM made, wanted WHERE NOT ended;

INSERT INTO message_body (message, payload, route, notes)
SELECT key, '{"event":{"event_type":"custom_event","data":{"event_name":"point_add"}},"profile":null}', '', NULL
FROM made WHERE NOT delivered;

INSERT INTO attempt (message, at, duration_ms, status, outcome, reason_code, reason_text)
SELECT message, :now, 20, 400, 'rejected', 'rejected', 'refused (HTTP 400)' FROM settled WHERE state = 'undelivered';

INSERT INTO lane (connection, customer, next_seq, due, head, tail)
SELECT connection, made.customer, max(seq) + 1, CASE WHEN max(NOT ended) THEN :now + 600000 END,
    min(CASE WHEN NOT ended THEN key END), max(CASE WHEN NOT ended THEN key END)
FROM made, wanted GROUP BY made.customer;

INSERT INTO seen (action, events, last) SELECT action, count(*), max(event) FROM event GROUP BY action;

UPDATE ledger SET made = (SELECT count(*) FROM made), delivered = :settled, undelivered = :undelivered,
    retrying = (SELECT count(*) FROM message WHERE attempts > 0),
    waiting = (SELECT count(*) FROM message WHERE attempts = 0);

-- The newest events ran workflows in turn: some runs wait, one in fifty of the others failed.
CREATE TEMP TABLE ran AS
SELECT key AS event, customer, workflow, CASE
    WHEN left_over < waits THEN 'waiting' WHEN left_over / workflows % 50 = 0 THEN 'error' ELSE 'success' END AS result
FROM (SELECT made.*, settled + undelivered + waiting - i AS left_over, workflows, runs, waits FROM made, wanted)
JOIN (SELECT workflow, row_number() OVER (ORDER BY workflow) - 1 AS turn FROM workflow) ON turn = left_over % workflows
WHERE left_over < runs;

INSERT INTO run (event, workflow, version, customer, result, steps, duration, ended_at)
SELECT event, workflow, 1, customer, result, CASE result
    WHEN 'waiting' THEN '[["t","success",null,""],["f","success",{"points":5},""],["w","waiting","2 days",""]]'
    WHEN 'error' THEN '[["t","success",null,""],["f","success",{"points":5},""],["w","success","2 days",""],["s","error",null,"nothing is mapped"]]'
    ELSE '[["t","success",null,""],["f","failure",{"points":1},""],["i","stopped",null,""]]' END,
    60, (event >> 20) + 1577836800000
FROM ran;

INSERT INTO wait (due, event, workflow, node, customer)
SELECT :now + 86400000 + (event >> 20) % 86400000, event, workflow, 'w', customer FROM ran WHERE result = 'waiting';

INSERT INTO run_hour (workflow, hour, runs, errors)
SELECT workflow, ((event >> 20) + 1577836800000) / 3600000 * 3600000, count(*), sum(result = 'error') FROM ran GROUP BY 1, 2;

DROP TABLE ran;
DROP TABLE made;
DROP TABLE wanted;
