"""Environment variables and `plugins.toml` as an operator meets them."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from host.config import Environment, PluginsFile
from host.errors import InvalidConfiguration
from host.model import Secret

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OTHER_KEY = base64.urlsafe_b64encode(b"\xff" * 32).decode()

COMMENTED = """\
# Ours. Ask Ada before changing.
title = "kept"

[plugins.mparticle]   # the big one
enabled = true        # since March
note = "kept too"

[other]
x = 1

[plugins.webhook]
enabled = false
"""


def test_without_variables_everything_has_its_default() -> None:
    environment = Environment.read({})

    assert environment.home == Path("data")
    assert environment.database == "sqlite:///data/host.db"
    assert environment.plugins == Path("plugins.toml")
    assert environment.secret_keys == ()
    assert environment.url == "http://127.0.0.1:8080"
    assert environment.token is None
    assert environment.allow_private is False


def test_every_variable_is_read() -> None:
    environment = Environment.read(
        {
            "LOYALTY_HOST_HOME": "/srv/loyalty",
            "LOYALTY_HOST_DATABASE": "postgresql://ada:pw@db/loyalty",
            "LOYALTY_HOST_PLUGINS": "/etc/plugins.toml",
            "LOYALTY_HOST_SECRET_KEY": f"{KEY}, {OTHER_KEY}",
            "LOYALTY_HOST_URL": "https://loyalty.example.com/",
            "LOYALTY_HOST_TOKEN": "t0ken",
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
        }
    )

    assert environment == Environment(
        home=Path("/srv/loyalty"),
        database="postgresql://ada:pw@db/loyalty",
        plugins=Path("/etc/plugins.toml"),
        secret_keys=(Secret(KEY), Secret(OTHER_KEY)),
        url="https://loyalty.example.com",
        token=Secret("t0ken"),
        allow_private=True,
    )


def test_the_data_folder_holds_the_default_database() -> None:
    environment = Environment.read({"LOYALTY_HOST_HOME": "/srv/loyalty"})

    assert environment.database == "sqlite:////srv/loyalty/host.db"


def test_an_environment_shows_no_secret() -> None:
    environment = Environment.read(
        {
            "LOYALTY_HOST_DATABASE": "postgresql://ada:pass-word@db/loyalty",
            "LOYALTY_HOST_SECRET_KEY": KEY,
            "LOYALTY_HOST_TOKEN": "t0ken",
        }
    )

    assert not [text for text in ("pass-word", KEY, "t0ken") if text in repr(environment)]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DATABASE", "mysql://db", "must begin with sqlite:///"),
        ("DATABASE", "sqlite:///", "names no file"),
        ("SECRET_KEY", "short", "key 1 of 1 is not a url-safe base64 key"),
        ("SECRET_KEY", f"{KEY},", "key 2 of 2"),
        ("SECRET_KEY", "ü" * 44, "key 1 of 1"),
        ("URL", "localhost:8080", "must begin with http://"),
        ("ALLOW_PRIVATE_DESTINATIONS", "perhaps", "must be 1 (on) or 0 (off)"),
    ],
)
def test_a_bad_variable_is_named_without_its_value(variable: str, value: str, words: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        Environment.read({f"LOYALTY_HOST_{variable}": value})

    (fault,) = caught.value.faults
    assert fault.path == f"LOYALTY_HOST_{variable}"
    assert words in fault.message
    assert "short" not in fault.message


def test_all_bad_variables_are_reported_at_once() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        Environment.read({"LOYALTY_HOST_URL": "x", "LOYALTY_HOST_DATABASE": "y"})

    assert {fault.path for fault in caught.value.faults} == {
        "LOYALTY_HOST_URL",
        "LOYALTY_HOST_DATABASE",
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plugins.toml"


def written(path: Path, text: str | bytes) -> PluginsFile:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return PluginsFile(path)


def test_names_and_switches_are_read(path: Path) -> None:
    state = written(path, COMMENTED).read()

    assert state.enabled == {"mparticle": True, "webhook": False}
    assert state.notices == ()


def test_a_missing_file_is_written_with_everything_disabled(path: Path) -> None:
    state = PluginsFile(path).read(installed=lambda: ["webhook", "mparticle"])

    assert state.enabled == {"mparticle": False, "webhook": False}
    assert state.notices == ()
    assert path.read_text() == (
        "[plugins.mparticle]\nenabled = false\n\n[plugins.webhook]\nenabled = false\n"
    )


def test_a_file_that_vanishes_leaves_its_last_state_until_it_is_back(path: Path) -> None:
    file = written(path, COMMENTED)
    before = file.read()

    path.unlink()
    assert file.changed()
    gone = file.read(installed=lambda: ["mparticle"])
    assert not path.exists()
    path.write_text("[plugins.mparticle]\nenabled = false\n")
    back = file.read()

    assert gone.enabled == before.enabled
    assert "cannot be read" in gone.notices[0]
    assert back.enabled == {"mparticle": False}
    assert back.notices == ()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("[plugins.mparticle]\nenabled = tr", "line 2"),
        ("[plugins.mparticle]\nenabled = ", "line 2"),
        ("a = 1\n[plugins.mparticle", "line 2"),
        ("[plugins.mparticle]\nenabled = yes\n", "line 2"),
        (b"[plugins.mparticle]\n# \xff\n", "line 2"),
        ("plugins = 3\n", "`plugins` must be a table"),
        ("a = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_a_broken_file_leaves_the_last_state_until_it_is_mended(
    path: Path, broken: str | bytes, words: str
) -> None:
    file = written(path, "[plugins.mparticle]\nenabled = true\n")
    file.read()

    written(path, broken)
    while_broken = file.read()
    written(path, "[plugins.mparticle]\nenabled = false\n")
    mended = file.read()

    assert while_broken.enabled == {"mparticle": True}
    assert words in while_broken.notices[0]
    assert str(path) in while_broken.notices[0]
    assert mended.enabled == {"mparticle": False}
    assert mended.notices == ()


def test_a_file_that_was_always_broken_enables_nothing(path: Path) -> None:
    state = written(path, "[plugins").read(installed=lambda: ["mparticle"])

    assert state.enabled == {}
    assert "no plugin is enabled" in state.notices[0]
    assert path.read_text() == "[plugins"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('enabled = "true"', "`enabled` must be true or false"),
        ("enabled = 1", "`enabled` must be true or false"),
        ("", "`enabled` must be true or false"),
    ],
)
def test_a_fault_of_one_plugin_harms_no_other(path: Path, line: str, words: str) -> None:
    file = written(path, "[plugins.a]\nenabled = true\n")
    file.read()

    path.write_text(f"[plugins.a]\n{line}\n[plugins.b]\nenabled = true\n")
    state = file.read()

    assert state.enabled == {"a": True, "b": True}
    assert len(state.notices) == 1
    assert f"plugins.a: {words}" in state.notices[0]


def test_a_plugin_that_is_no_table_is_told(path: Path) -> None:
    state = written(path, "[plugins]\na = true\nb = { enabled = true }\n").read()

    assert state.enabled == {"a": False, "b": True}
    assert "must be a table, [plugins.a]" in state.notices[0]


def test_a_change_is_seen_by_time_size_and_inode(path: Path) -> None:
    file = written(path, COMMENTED)
    assert file.changed()
    file.read()
    assert not file.changed()

    stat = path.stat()
    other = path.with_name("other")
    other.write_text(COMMENTED.replace("mparticle", "elcitrapm"))
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)

    assert file.changed()


def test_a_toggle_changes_one_word_and_nothing_else(path: Path) -> None:
    file = written(path, COMMENTED)

    file.set_enabled("mparticle", False)
    file.set_enabled("webhook", True)

    assert path.read_text() == COMMENTED.replace(
        "enabled = true        # since March", "enabled = false        # since March"
    ).replace("[plugins.webhook]\nenabled = false", "[plugins.webhook]\nenabled = true")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "[plugins]\nmparticle = { enabled = true } # one line\n",
        "[plugins]\nmparticle.enabled = true # dotted\n",
        "plugins.mparticle.enabled = true\n",
        '[plugins."mparticle"]\r\nenabled = true\r\n',
        "[plugins.a]\nenabled = true\n[x]\n[plugins.mparticle]\nenabled = true # last",
    ],
)
def test_a_toggle_keeps_every_spelling(path: Path, text: str) -> None:
    file = written(path, text)

    file.set_enabled("mparticle", False)

    assert path.read_bytes().decode().count("false") == 1
    left, _, right = text.rpartition("true")
    assert path.read_bytes().decode() == f"{left}false{right}"


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet\n", "[other]\nx = 1\n", COMMENTED, "[plugins.new]\nnote = 'x'\n"],
)
def test_a_toggle_of_a_plugin_without_a_switch_adds_it(path: Path, text: str) -> None:
    file = written(path, text)
    before = dict(file.read().enabled)

    file.set_enabled("new", True)

    assert file.read().enabled == {**before, "new": True}
    assert all(line in path.read_text() for line in text.splitlines())


def test_a_toggle_makes_the_file_when_there_is_none(path: Path) -> None:
    file = PluginsFile(path)

    file.set_enabled("mparticle", True)

    assert file.read().enabled == {"mparticle": True}


def test_a_toggle_keeps_mode_and_link(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text(COMMENTED)
    real.chmod(0o640)
    link = tmp_path / "plugins.toml"
    link.symlink_to(real)

    PluginsFile(link).set_enabled("webhook", True)

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert PluginsFile(real).read().enabled["webhook"] is True


@pytest.mark.parametrize(
    ("name", "enabled", "hint"),
    [
        ("mparticle", False, "change line 5 to say `enabled = false`"),
        ("webhook", True, "change line 12 to say `enabled = true`"),
        ("new", True, "add the lines `[plugins.new]` and `enabled = true`"),
    ],
)
def test_a_read_only_file_is_left_and_the_line_to_change_is_told(
    path: Path, name: str, enabled: bool, hint: str
) -> None:
    file = written(path, COMMENTED)
    path.chmod(0o444)

    with pytest.raises(InvalidConfiguration) as caught:
        file.set_enabled(name, enabled)
    unchanged = path.read_text()
    path.chmod(0o644)
    file.set_enabled(name, enabled)

    assert hint in str(caught.value)
    assert "read-only" in str(caught.value)
    assert unchanged == COMMENTED
    assert file.read().enabled[name] is enabled


def test_a_broken_file_is_not_toggled_until_it_is_mended(path: Path) -> None:
    file = written(path, "[plugins.mparticle]\nenabled = tru")

    with pytest.raises(InvalidConfiguration, match=r"line 2.*mend the file first"):
        file.set_enabled("mparticle", False)
    assert path.read_text() == "[plugins.mparticle]\nenabled = tru"
    path.write_text("[plugins.mparticle]\nenabled = true")
    file.set_enabled("mparticle", False)

    assert file.read().enabled == {"mparticle": False}
