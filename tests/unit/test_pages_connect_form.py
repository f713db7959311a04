"""The form of a connection: every kind of setting, the waits as text, the policy in words."""

from __future__ import annotations

import pytest

from host.configuration import ConnectionConfig, DeliveryPolicy
from host.configuration.draft import REMOVED, Kept
from host.manifest import EventType, Manifest, SettingField, SettingKind
from host.model import Secret
from host.pages.connect_form import draft_of, stored_form, typed_form
from host.pages.forms import Form
from host.pages.policy_words import policy_words, read_waits, waits_text

MANIFEST = Manifest(
    name="acme",
    title="Acme",
    summary="Sends to Acme.",
    settings=(
        SettingField(name="address", label="Address", kind=SettingKind.URL),
        SettingField(name="note", label="Note", required=False),
        SettingField(name="account", label="Account", kind=SettingKind.NUMBER),
        SettingField(name="token", label="Token", kind=SettingKind.SECRET),
        SettingField(name="extra", label="Extra", kind=SettingKind.SECRET, required=False),
        SettingField(name="test", label="Test", kind=SettingKind.TOGGLE, required=False),
        SettingField(
            name="region",
            label="Region",
            kind=SettingKind.CHOICE,
            default="eu",
            choices=(("eu", "Europe"), ("us", "America")),
        ),
    ),
    event_types=(EventType(name="other", label="Other"),),
)
STORED = ConnectionConfig(
    id="acme",
    module="acme",
    settings={"address": "https://acme.example", "account": 7, "token": Secret("t")},
)
DELIVERY = {
    "delivery.resend_waits": "30 s, 5 min",
    "delivery.timeout": "10",
    "delivery.concurrency": "4",
    "delivery.circuit_after": "10",
}


def posted(**settings: str) -> Form:
    fields = {f"settings.{name}": value for name, value in settings.items()} | DELIVERY
    return Form(tuple(fields.items()))


def test_every_kind_is_read() -> None:
    form = posted(
        address=" https://acme.example ", account="12", token=" t0 ", test="on", region="us"
    )

    draft, faults = draft_of(MANIFEST, "acme", None, form)

    assert faults == {}
    assert draft.settings == {
        "address": "https://acme.example",
        "note": REMOVED,
        "account": 12,
        "token": " t0 ",
        "extra": REMOVED,
        "test": True,
        "region": "us",
    }


def test_an_empty_secret_keeps_the_stored_one_and_only_that() -> None:
    draft, _ = draft_of(MANIFEST, "acme", STORED, posted(address="", account=""))

    assert draft.settings["token"] == Kept()
    assert draft.settings["extra"] is REMOVED
    assert draft.settings["address"] == ""  # which is a fault, since it cannot do without
    assert draft.settings["test"] is False


@pytest.mark.parametrize("number", ["1.5", "many", "٣", "9" * 30])
def test_what_is_no_number_is_told_and_comes_back(number: str) -> None:
    form = posted(account=number)

    _, faults = draft_of(MANIFEST, "acme", STORED, form)
    (shown,) = [i for i in typed_form(MANIFEST, STORED, form).settings if i.field.name == "account"]

    assert faults == {"settings.account": "Account must be a whole number"}
    assert shown.value == number


def test_no_secret_is_in_a_form() -> None:
    stored = stored_form(MANIFEST, STORED)
    typed = typed_form(MANIFEST, STORED, posted(token="s3cret"))

    for form in (stored, typed):
        (token,) = [one for one in form.settings if one.field.name == "token"]
        assert (token.value, token.is_set) == ("", True)


@pytest.mark.parametrize(
    ("waits", "text"),
    [
        ((), ""),
        ((0.0,), "0 s"),
        ((30.0, 300.0, 1800.0, 7200.0, 18000.0), "30 s, 5 min, 30 min, 2 h, 5 h"),
        ((0.25, 90.0, 86400.0), "0.25 s, 90 s, 1 d"),
    ],
)
def test_waits_are_typed_as_they_are_shown(waits: tuple[float, ...], text: str) -> None:
    assert waits_text(waits) == text
    assert read_waits(text) == waits


@pytest.mark.parametrize("text", ["soon", "1 s,", "-1", "1e9", "5 weeks", "1,,2"])
def test_what_is_no_wait_is_told(text: str) -> None:
    assert isinstance(read_waits(text), str)


def test_a_policy_in_words() -> None:
    assert policy_words(DeliveryPolicy()) == (
        "A message that fails is sent again up to 5 times, after 30 s, 5 min, 30 min, 2 h and 5 h "
        "(about 7 h 35 min in all), each wait a fifth more or less. Then it is kept as "
        "undelivered. Once 10 requests in a row fail, one message at a time is tried until one "
        "gets through."
    )
    assert policy_words(DeliveryPolicy(resend_waits=(), circuit_after=0)) == (
        "A message that fails is not sent again: it is kept as undelivered at once. "
        "All messages go on at full pace however many requests fail."
    )
