"""What came of trying a connection: it works, or one of the ways in which it does not."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from host.configuration import ConnectionDraft
from host.configure import Configure
from host.errors import CannotTell, InvalidConfiguration, RefusedSettings
from host.manifest import Manifest, SettingKind
from host.pages.connect_form import faults_of
from host.pages.forms import Faults

Verdict: TypeAlias = Literal["works", "address", "credentials", "unwell", "untried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """The result as a person is told; `said` are the destination's own words."""

    verdict: Verdict
    said: str
    duration_ms: int
    faults: Faults = field(default_factory=Faults)

    @property
    def heading(self) -> str:
        """The result in a few words."""
        return {
            "works": "It works",
            "address": "The address is wrong",
            "credentials": "The credentials are wrong",
            "unwell": "The destination is unwell",
            "untried": "Not tried yet: something is missing or cannot be right",
        }[self.verdict]

    @property
    def look(self) -> str:
        """The note's class."""
        return {"works": "good", "unwell": "warn", "untried": "warn"}.get(self.verdict, "bad")


async def try_draft(
    configure: Configure, manifest: Manifest, draft: ConnectionDraft, names: tuple[str, ...]
) -> TrialResult:
    """Ask the destination about typed settings; nothing is saved. `names`: the form's inputs."""
    begun = time.perf_counter()

    def after() -> int:
        return round((time.perf_counter() - begun) * 1000)

    try:
        trial = await configure.test(draft.id, draft)
    except CannotTell as error:
        return TrialResult(verdict="unwell", said=str(error), duration_ms=after())
    except InvalidConfiguration as error:
        duration = after()
        faults = faults_of(error.faults, draft.id, manifest, names)
        refused = isinstance(error, RefusedSettings)
        said = error.said if isinstance(error, RefusedSettings) else ""
        return TrialResult(
            verdict=_whose_fault(manifest, faults) if refused else "untried",
            said=said or " ".join(faults.whole),
            duration_ms=duration,
            faults=faults,
        )
    return TrialResult(verdict="works", said=trial.title, duration_ms=after())


def _whose_fault(manifest: Manifest, faults: Faults) -> Verdict:
    """An address is to blame when its field is; everything else lets nobody in."""
    named = (manifest.setting(name.removeprefix("settings.")) for name in faults.fields)
    kinds = {one.kind for one in named if one is not None}
    return "address" if SettingKind.URL in kinds else "credentials"
