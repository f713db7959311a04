"""What can be seen of the host at a glance: for the command `doctor` and the page of its health."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from host.configure import WorkflowView
from host.modules import Modules
from host.store.store import Store
from host.workflow import Level

WRONG_KEY: Final = (
    "it is not the one that sealed the stored secrets: give the former one in "
    "LOYALTY_HOST_SECRET_KEY, or connect again with the secrets typed anew"
)
NO_ROOM: Final = "make room soon: a full disk takes no events"
_LITTLE: Final = 500_000_000  # bytes free


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `problem`: what is wrong with it, and what to do; "" when it is well."""

    subject: str
    words: str = ""
    problem: str = ""


def glance(store: Store, modules: Modules) -> Iterator[Finding]:
    """Key, file of plugins, and modules. Reads nothing."""
    yield Finding(subject="Secret key", problem="" if store.key_is_right else WRONG_KEY)
    for notice in modules.notices:
        yield Finding(subject="plugins.toml", problem=notice)
    for module in modules.registry.modules:
        broken = module.enabled and not module.ready
        yield Finding(
            subject=f"Module {module.name}",
            words=module.state,
            problem=module.reason if broken else "",
        )


def look_at_workflows(views: Sequence[WorkflowView]) -> Iterator[Finding]:
    """Workflows that events start: what they were drawn with may be gone since. Reads nothing."""
    for view in views:
        if view.row.active:
            faults = [fault for fault in view.active_faults if fault.level is Level.FAULT]
            where = f"node {faults[0].node}: " if faults and faults[0].node else ""
            problem = f"{where}{faults[0].message}; its runs fail there" if faults else ""
            yield Finding(subject=f"Workflow {view.row.name}", words=view.state, problem=problem)


def look_at_room(home: Path, database: Path) -> Iterator[Finding]:
    """What the database and its journal take, and what room is left. Blocks: asks the disk."""
    home, database = home.resolve(), database.resolve()
    files = (database, database.with_name(f"{database.name}-wal"))
    taken = sum(file.stat().st_size for file in files if file.exists())
    yield Finding(subject="Database", words=f"{database}, {_size(taken)}")
    folders = {"Data folder": home}
    if database.parent != home:
        folders["Folder of the database"] = database.parent
    for subject, folder in folders.items():
        free = shutil.disk_usage(folder).free
        yield Finding(
            subject=subject,
            words=f"{folder}, {_size(free)} free",
            problem=NO_ROOM if free < _LITTLE else "",
        )


def _size(count: int) -> str:
    """A number of bytes for people: "965.9 KB", with a blank that does not break."""
    amount = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f}\u00a0{unit}" if unit == "bytes" else f"{amount:.1f}\u00a0{unit}"
        amount /= 1000
    return f"{amount:.1f}\u00a0TB"
