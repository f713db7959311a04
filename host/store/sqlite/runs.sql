-- save_run: what a workflow did for an event so far.
INSERT INTO run (workflow, event, version, customer, result, steps, duration, ended_at, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (workflow, event) DO UPDATE SET result = excluded.result, steps = excluded.steps,
    duration = excluded.duration, ended_at = excluded.ended_at, reason = excluded.reason;

-- add_wait: where a run goes on, and when.
INSERT INTO wait (due, event, workflow, node, customer) VALUES (?, ?, ?, ?, ?);

-- due_waits: waits that are over, the oldest first; not of deleted workflows, whose runs are being ended.
SELECT t.due, t.event, t.workflow, t.node FROM wait t
WHERE t.due <= ? AND NOT EXISTS (SELECT 1 FROM workflow w WHERE w.workflow = t.workflow AND w.deleted_at IS NOT NULL)
ORDER BY t.due, t.event, t.workflow, t.node LIMIT ?;

-- next_wait: when the next wait is over.
SELECT due FROM wait WHERE due > 0 ORDER BY due LIMIT 1;

-- waits_with_runs: those of these waits that are still there, with their runs and events (JSON list of quadruples).
SELECT t.due, t.event, t.workflow, t.node, r.version, r.customer, r.steps, r.duration,
    (SELECT json_group_array(json_array(o.due, o.node)) FROM wait o
        WHERE o.workflow = t.workflow AND o.event = t.event), c.id, e.id, e.action, e.body
FROM json_each(?) wanted
JOIN wait t ON t.due = wanted.value ->> 0 AND t.event = wanted.value ->> 1
    AND t.workflow = wanted.value ->> 2 AND t.node = wanted.value ->> 3
JOIN run r ON r.workflow = t.workflow AND r.event = t.event
JOIN customer c ON c.customer = r.customer
LEFT JOIN event e ON e.event = t.event;

-- remove_waits: these waits are over (JSON list of quadruples).
DELETE FROM wait WHERE (due, event, workflow, node) IN (
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?));

-- remove_waits_of_run: a run waits for nothing any more.
DELETE FROM wait WHERE workflow = ? AND event = ?;

-- waiting_of_customer: runs of a customer that wait.
SELECT DISTINCT workflow, event FROM wait WHERE customer = ?;

-- waiting_of_workflow: runs of a workflow that wait, some of them.
SELECT DISTINCT workflow, event FROM wait WHERE workflow = ? LIMIT ?;

-- cancel_run: a run goes no further.
UPDATE run SET result = 'cancelled', reason = ?, ended_at = ? WHERE workflow = ? AND event = ?;

-- count_runs: add to what this hour brought to a workflow.
INSERT INTO run_hour (workflow, hour, runs, errors) VALUES (?, ?, ?, ?)
ON CONFLICT (workflow, hour) DO UPDATE SET runs = runs + excluded.runs, errors = errors + excluded.errors;

-- runs_since: runs and errors of every workflow since an hour.
SELECT workflow, sum(runs), sum(errors) FROM run_hour
WHERE workflow IN (SELECT workflow FROM workflow WHERE deleted_at IS NULL) AND hour >= ? GROUP BY workflow;

-- runs_of_workflow: runs of a workflow before an event's key, newest first.
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM run r JOIN customer c ON c.customer = r.customer LEFT JOIN event e ON e.event = r.event
WHERE r.workflow = ? AND r.event < ? ORDER BY r.event DESC LIMIT ?;

-- runs_floor: how far back so many runs of a workflow reach.
SELECT event FROM run WHERE workflow = ?1 AND event < ?2 ORDER BY event DESC LIMIT 1 OFFSET ?3;

-- runs_that_succeeded: the same within a span of keys, successes alone.
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM run r JOIN customer c ON c.customer = r.customer LEFT JOIN event e ON e.event = r.event
WHERE r.workflow = ?1 AND r.event < ?2 AND r.event >= ?3 AND r.result = 'success' ORDER BY r.event DESC LIMIT ?4;

-- runs_of_customer: the same of one customer, found through their events; ?5: of one result (NULL: of any).
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM (SELECT event FROM event_of_customer WHERE customer = ?2 AND event < ?3 AND event >= ?4) found
CROSS JOIN run r ON r.workflow = ?1 AND r.event = found.event JOIN customer c ON c.customer = r.customer
JOIN event e ON e.event = found.event
WHERE ?5 IS NULL OR r.result = ?5 ORDER BY found.event DESC LIMIT ?6;

-- runs_with_result: the same, of one result other than success.
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM run r INDEXED BY run_by_result JOIN customer c ON c.customer = r.customer LEFT JOIN event e ON e.event = r.event
WHERE r.workflow = ?1 AND r.result = ?2 AND r.result <> 'success' AND r.event < ?3 ORDER BY r.event DESC LIMIT ?4;

-- run_of_event: one run.
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM run r JOIN customer c ON c.customer = r.customer LEFT JOIN event e ON e.event = r.event
WHERE r.workflow = ? AND r.event = ?;

-- runs_of_events: runs of these events (JSON list of keys).
SELECT r.workflow, r.event, r.version, r.result, r.steps, r.duration, r.ended_at, r.reason, c.id, e.id, e.action
FROM json_each(?) wanted JOIN run r ON r.event = wanted.value
JOIN customer c ON c.customer = r.customer LEFT JOIN event e ON e.event = r.event;

-- waits_of_events: what the runs of these events wait for, the next over first (JSON list of keys).
SELECT t.due, t.event, t.workflow, t.node FROM json_each(?) wanted JOIN wait t ON t.event = wanted.value
ORDER BY t.due, t.node;

-- drop_runs: forget some runs that ended long ago.
DELETE FROM run WHERE (workflow, event) IN (
    SELECT workflow, event FROM run WHERE event < ?1 AND result <> 'waiting' AND ended_at < ?2
    ORDER BY event LIMIT ?3);

-- drop_run_hours: forget hours of long ago, some of them.
DELETE FROM run_hour WHERE (workflow, hour) IN (
    SELECT workflow, hour FROM run_hour WHERE workflow = ?1 AND hour < ?2 ORDER BY hour LIMIT ?3);

-- erase_runs: forget what workflows did for a customer.
DELETE FROM run WHERE event IN (SELECT event FROM event_of_customer WHERE customer = ?);

-- erase_waits: a customer's runs wait for nothing any more.
DELETE FROM wait WHERE customer = ?;
