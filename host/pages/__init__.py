"""Pages for people: drawn on the server from manifests and flows; they know no module by name."""
