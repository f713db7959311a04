"""Writing the log back into the database file, beside the writer, which else waits for it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Final

import structlog

from host.store.sqlite.file import connect

log: Final = structlog.get_logger("host.store")

EVERY: Final = 1.0  # seconds, while anything is written


class Checkpoints:
    """A thread that writes back what was committed, once in a while.

    Under an unbroken load it never gets to the very end, and the log begins anew only when
    somebody does: the writer itself, at `wal_autocheckpoint`, with little left to do.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._committed = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-checkpoints", daemon=True)
        self._thread.start()

    def committed(self) -> None:
        """Something was committed. Any thread may say so."""
        self._committed.set()

    def close(self) -> None:
        """End the thread; blocks until it has."""
        self._closed.set()
        self._committed.set()
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while self._committed.wait() and not self._closed.wait(EVERY):
            self._committed.clear()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except sqlite3.Error as error:  # nothing is lost: it stands in the log
                log.warning("not written back yet", error=type(error).__name__)
