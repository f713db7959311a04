"""The page about workflows holds an example that works, and names every word of a graph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from host.document import read_document
from host.workflow import KINDS, Around, ConnectionAround, check
from host.workflow.conditions import OPERATORS
from host.workflow.document import KEYS

PAGE = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text(encoding="utf-8")
FIELDS = sorted({field.name for kind in KINDS.values() for field in kind.fields})


def test_the_example_can_be_activated() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    around = Around(
        connections={
            "mparticle": ConnectionAround(title="mParticle", event_types={"transaction": ""})
        },
        events=frozenset({"point_add"}),
    )

    (draft,) = read_document(example, {}).workflows

    assert draft.active is True
    assert draft.graph is not None
    assert check(draft.graph, around) == ()


@pytest.mark.parametrize("word", [*KINDS, *OPERATORS, *FIELDS, *KEYS])
def test_every_word_is_on_the_page(word: str) -> None:
    assert re.search(rf"\b{word}\b", PAGE)
