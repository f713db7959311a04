"""One host a data folder: an advisory lock that the system frees when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from host.errors import AlreadyRunning


class HostLock:
    """Holds `<home>/host.lock` for as long as the object lives."""

    def __init__(self, home: Path) -> None:
        """Raises AlreadyRunning, naming the process that holds it."""
        home.mkdir(parents=True, exist_ok=True)
        path = home / "host.lock"
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise AlreadyRunning(
                f"another host works on {home} (process {pid}): stop it first, or use another "
                "folder (LOYALTY_HOST_HOME)"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let the next host in."""
        os.close(self._file)
