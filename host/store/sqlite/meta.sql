-- meta: one single value.
SELECT value FROM meta WHERE name = ?;

-- set_meta: keep one single value.
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- add_meta: keep one single value unless there is one.
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING;

-- next_version: count up whenever connections or customers change, so that who keeps them notices.
INSERT INTO meta (name, value) VALUES (?, '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT);

-- last_event_key: the newest key given to an event or a customer.
SELECT max(k) FROM (SELECT max(event) AS k FROM event UNION ALL SELECT max(customer) FROM customer);

-- last_message_key: the newest key given to a message.
SELECT max(message) FROM message_body;

-- last_settled_key: the newest key of a message in the history.
SELECT max((SELECT max(message) FROM settled s WHERE s.connection = n.connection)) FROM connection n;

-- tokens: every token, newest first.
SELECT name, scope, created_at, revoked_at FROM token ORDER BY created_at DESC, name;

-- live_tokens: digests and scopes of tokens that open doors.
SELECT digest, scope FROM token WHERE revoked_at IS NULL;

-- add_token: remember a token's digest under a free or revoked name.
INSERT INTO token (name, digest, scope, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, scope = excluded.scope,
    created_at = excluded.created_at, revoked_at = NULL
WHERE token.revoked_at IS NOT NULL;

-- revoke_token: close the doors of a token.
UPDATE token SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL;
