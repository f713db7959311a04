"""The page for operators holds an example that works, and names every key."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from host.configuration import ConnectionConfig, DeliveryPolicy, merge
from host.configuration.document import CONNECTION_KEYS, SHOWN_KEYS
from host.configuration.rows import EVENT_KEYS, FIELD_KEYS
from host.document import read_document

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_example_can_be_applied() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    (draft,) = (
        draft for text in examples for draft in read_document(text, {}).connections.values()
    )

    config = merge(draft, None, None)
    assert config.delivery == DeliveryPolicy()
    assert len(config.fields) == len(config.events) == 2


@pytest.mark.parametrize(
    "key",
    [
        *CONNECTION_KEYS,
        *SHOWN_KEYS,
        *FIELD_KEYS,
        *EVENT_KEYS,
        *(field.name for field in fields(DeliveryPolicy)),
    ],
)
def test_every_key_is_on_the_page(key: str) -> None:
    assert re.search(rf"\b{key}\b", PAGE)


def test_the_keys_are_those_of_a_connection() -> None:
    assert {"id", *CONNECTION_KEYS} == {field.name for field in fields(ConnectionConfig)}
