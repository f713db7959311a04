-- workflows: all workflows that were not deleted, by name.
SELECT workflow, id, name, version, active_version, active, changed_at, changed_by
FROM workflow WHERE deleted_at IS NULL ORDER BY name;

-- workflow_by_id: one workflow.
SELECT workflow, id, name, version, active_version, active, changed_at, changed_by
FROM workflow WHERE id = ? AND deleted_at IS NULL;

-- workflow_names: id and name of these workflows, deleted ones too (JSON list of keys).
SELECT workflow, id, name, deleted_at IS NOT NULL FROM workflow WHERE workflow IN (SELECT value FROM json_each(?));

-- workflow_keys: all workflows there ever were.
SELECT workflow FROM workflow;

-- active_graphs: the graphs that events start, in the order in which workflows were made.
SELECT w.workflow, w.id, w.name, v.version, v.graph
FROM workflow w JOIN workflow_version v ON v.workflow = w.workflow AND v.version = w.active_version
WHERE w.active = 1 AND w.deleted_at IS NULL ORDER BY w.workflow;

-- workflow_graph: one graph as it was saved.
SELECT graph FROM workflow_version WHERE workflow = ? AND version = ?;

-- newest_graphs: of every workflow the newest graph.
SELECT v.workflow, v.version, v.graph FROM workflow w
JOIN workflow_version v ON v.workflow = w.workflow AND v.version = w.version WHERE w.deleted_at IS NULL;

-- workflow_versions: when which version was saved, newest first, and by whom.
SELECT version, saved_at, saved_by FROM workflow_version WHERE workflow = ? ORDER BY version DESC LIMIT ?;

-- add_workflow: remember a new workflow.
INSERT INTO workflow (workflow, id, name, version, active_version, active, changed_at, changed_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- save_workflow: a workflow as it is from now on, unless it was changed or deleted meanwhile.
UPDATE workflow SET name = ?, version = ?, active_version = ?, active = ?, changed_at = ?, changed_by = ?
WHERE workflow = ? AND version = ? AND deleted_at IS NULL;

-- add_workflow_version: keep a graph.
INSERT INTO workflow_version (workflow, version, graph, saved_at, saved_by) VALUES (?, ?, ?, ?, ?);

-- delete_workflow: it starts nothing any more, and its name is free.
UPDATE workflow SET active = 0, deleted_at = ? WHERE workflow = ? AND deleted_at IS NULL;

-- drop_versions: forget old graphs of a workflow that neither run, wait, nor stand in its log.
DELETE FROM workflow_version WHERE workflow = ?1 AND version < ?2
AND version IS NOT (SELECT active_version FROM workflow WHERE workflow = ?1)
AND NOT EXISTS (SELECT 1 FROM run r WHERE r.workflow = ?1 AND r.version = workflow_version.version);

-- deleted_with_waits: deleted workflows that still have runs waiting.
SELECT w.workflow FROM workflow w
WHERE w.deleted_at IS NOT NULL AND EXISTS (SELECT 1 FROM wait t WHERE t.workflow = w.workflow);
