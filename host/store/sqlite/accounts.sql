-- people: everybody, by name.
SELECT name, role, created_at, last_seen_at, password IS NULL FROM person ORDER BY folded;

-- is_anybody_there: whether there is a person at all.
SELECT 1 FROM person LIMIT 1;

-- person: one person, by the name as names are compared.
SELECT person, name, role, password FROM person WHERE folded = ?;

-- person_by_key: one person.
SELECT person, name, role, password FROM person WHERE person = ?;

-- add_person: remember a person unless the name is taken.
INSERT INTO person (person, name, folded, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (folded) DO NOTHING;

-- set_role: what a person may do from now on.
UPDATE person SET role = ? WHERE person = ?;

-- set_password: keep the hash of a new password.
UPDATE person SET password = ? WHERE person = ?;

-- see_person: when a person was last here.
UPDATE person SET last_seen_at = ? WHERE person = ?;

-- remove_person: forget a person.
DELETE FROM person WHERE person = ?;

-- another_admin: whether an admin other than this one is left, with a password if this one has one.
SELECT 1 FROM person p JOIN person other ON other.person <> p.person AND other.role = 'admin'
    AND (other.password IS NOT NULL OR p.password IS NULL)
WHERE p.person = ? LIMIT 1;

-- add_session: remember that somebody signed in.
INSERT INTO session (digest, id, person, created_at, used_at, ends_at) VALUES (?, ?, ?, ?, ?, ?);

-- session: an open session, and whose it is.
SELECT s.id, s.person, s.created_at, s.used_at, p.name, p.role
FROM session s JOIN person p ON p.person = s.person WHERE s.digest = ? AND s.ends_at > ?;

-- use_session: put off the end of a session.
UPDATE session SET used_at = ?, ends_at = ? WHERE digest = ?;

-- sessions_of: a person's open sessions, used last first.
SELECT id, created_at, used_at, ends_at FROM session WHERE person = ? AND ends_at > ?
ORDER BY used_at DESC, id;

-- end_session: end one by its token's digest.
DELETE FROM session WHERE digest = ?;

-- end_session_called: end one by its id.
DELETE FROM session WHERE id = ?;

-- end_sessions: end a person's sessions but for one.
DELETE FROM session WHERE person = ? AND id <> ?;

-- drop_sessions: forget some sessions that have ended.
DELETE FROM session WHERE digest IN (
    SELECT digest FROM session WHERE ends_at <= ? ORDER BY ends_at LIMIT ?);

-- add_link: remember a one-time link.
INSERT INTO link (digest, kind, person, ends_at) VALUES (?, ?, ?, ?);

-- link: an unused link, and for whom it is.
SELECT l.kind, l.person, p.name FROM link l LEFT JOIN person p ON p.person = l.person
WHERE l.digest = ? AND l.ends_at > ?;

-- take_link: use up a link.
DELETE FROM link WHERE digest = ?;

-- drop_links_of: have a person's links of one kind open nothing any more (NULL: those for nobody yet).
DELETE FROM link WHERE person IS ? AND kind = ?;

-- drop_all_links_of: have none of a person's links open anything any more.
DELETE FROM link WHERE person = ?;

-- drop_links: forget some links that nobody used in time.
DELETE FROM link WHERE digest IN (
    SELECT digest FROM link WHERE ends_at <= ? ORDER BY ends_at LIMIT ?);

-- failed_tries: failed tries of a name or address, and how long it has to wait.
SELECT failures, wait_until FROM failed_try WHERE subject = ?;

-- count_failure: keep the failed tries of a name or address.
INSERT INTO failed_try (subject, failures, wait_until) VALUES (?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, wait_until = excluded.wait_until;

-- forget_failures: a try did not fail.
DELETE FROM failed_try WHERE subject = ?;

-- drop_failures: forget some failed tries of long ago.
DELETE FROM failed_try WHERE subject IN (
    SELECT subject FROM failed_try WHERE wait_until < ? ORDER BY wait_until LIMIT ?);
