"""SQLite: write-ahead log, one writer thread that commits many jobs together."""
