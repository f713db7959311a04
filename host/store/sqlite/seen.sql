-- seen_actions: which events came, the commonest first, some of them.
SELECT action, events, last FROM seen ORDER BY events DESC, action LIMIT ?;
