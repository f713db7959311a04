"""The command line as an operator uses it: exit codes, files, and a running host that follows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.harness import (
    LOYALTY_HOST,
    PATIENCE,
    HostProcess,
    Scene,
    StandInServer,
    configuration,
    eventually,
    scene,
)

SECRET: Final = "demo-secret"
FOLLOWS_WITHIN: Final = 4.0  # seconds: two by promise, and as many for a busy machine


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running host whose resends wait for long, unless somebody asks."""
    folder = tmp_path_factory.mktemp("slow")
    with scene(folder, delivery="resend_waits = [600, 600]\ncircuit_after = 0") as running:
        yield running


def event(customer: str, id_: str) -> dict[str, Any]:
    """An event that is taken and delivered."""
    return {"id": id_, "customer": customer, "action": "point_add"}


def queue(host: HostProcess, *arguments: str) -> Any:
    """What a `queue` command prints."""
    return json.loads(host.do("queue", *arguments))


def soon(look: Callable[[], Any]) -> None:
    """Seen within the time that a running host has to follow a command."""
    eventually(look, FOLLOWS_WITHIN)


# Configuration.


def test_an_export_applied_where_it_came_from_changes_nothing(
    host: HostProcess, destination: StandInServer, tmp_path: Path
) -> None:
    text = configuration(
        destination.url, fields=[("tier", "antavo_tier")], delivery="resend_waits = [0.5, 2]"
    )
    dry = host.call("apply", "-", "--dry-run", stdin=text)
    nothing = host.do("export")
    first = host.call("apply", "-", stdin=text)
    exported = host.do("export")
    again = host.call("apply", "-", stdin=exported)
    requests = destination.stand_in.counters["requests"]

    changed = host.call("apply", "-", stdin=exported.replace('"antavo_tier"', '"antavo_level"'))
    dry_again = host.call("apply", "-", "--dry-run", stdin=exported)

    assert (dry.returncode, first.returncode, again.returncode) == (0, 0, 0)
    assert dry.stdout == first.stdout
    assert "[connections" not in nothing
    assert 'api_secret = { env = "MPARTICLE_API_SECRET" }' in exported
    assert again.stdout == ""
    assert host.do("export") != exported
    assert changed.returncode == 0 and "antavo_level" in changed.stdout
    assert "antavo_tier" in dry_again.stdout
    assert destination.stand_in.counters["requests"] == requests, "mappings need no trying"
    outputs = [done.stdout + done.stderr for done in (dry, first, again, changed, dry_again)]
    assert not [text for text in [*outputs, exported] if SECRET in text]
    assert not [path for path in host.home.iterdir() if SECRET.encode() in path.read_bytes()]


def test_apply_saves_all_or_nothing_and_lists_every_fault(
    host: HostProcess, destination: StandInServer
) -> None:
    good = configuration(destination.url)
    untried = configuration("http://127.0.0.1:9", connection="far", events=())
    wrong = configuration(destination.url, connection="bad").replace(SECRET, "wrong")
    malformed = good.replace('type = "other"', 'type = "odd"').replace("development", "colour")

    refused = host.call("apply", "-", stdin=good + wrong)
    unreachable = host.call("apply", "-", stdin=good + untried)
    listed = host.call("apply", "-", stdin=malformed)
    no_toml = host.call("apply", "-", stdin="[connections\n")
    saved_nothing = host.do("export")
    untested = host.call("apply", "-", "--untested", stdin=good + untried)
    part = host.call("apply", "-", stdin=good)
    kept = host.do("export")
    pruned = host.call("apply", "-", "--prune", stdin=good)

    assert [d.returncode for d in (refused, unreachable, listed, no_toml)] == [1] * 4
    assert "connections.bad.settings" in refused.stderr and "wrong" not in refused.stderr
    assert "connections.far" in unreachable.stderr
    faults = listed.stderr.splitlines()
    assert len([line for line in faults if "connections.mparticle" in line]) >= 2, listed.stderr
    assert "[connections" not in saved_nothing
    assert (untested.returncode, part.returncode, pruned.returncode) == (0, 0, 0)
    assert "[connections.far]" in kept
    assert "- connections.far" in pruned.stdout
    assert "[connections.far]" not in host.do("export")


def test_secrets_come_from_the_environment_and_an_unset_one_keeps_what_is_stored(
    host: HostProcess, destination: StandInServer
) -> None:
    text = configuration(destination.url).replace(f'"{SECRET}"', '{ env = "MPARTICLE_API_SECRET" }')

    unset = host.call("apply", "-", stdin=text)
    host.environment["MPARTICLE_API_SECRET"] = SECRET
    set_ = host.call("apply", "-", stdin=text)
    host.environment["MPARTICLE_API_SECRET"] = "wrong"
    wrong = host.call("apply", "-", stdin=text)
    del host.environment["MPARTICLE_API_SECRET"]
    kept = host.call("apply", "-", stdin=text.replace("development = true", "development = false"))

    assert (unset.returncode, set_.returncode, wrong.returncode, kept.returncode) == (1, 0, 1, 0)
    assert "MPARTICLE_API_SECRET" in unset.stderr
    assert "development" in kept.stdout
    host.start()
    host.post(event("kept", "kept-1"))
    assert host.settle()["delivered"] == 1
    assert destination.arrivals[0]["environment"] == "production"
    doctor = host.call("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert SECRET not in "".join(host.log) + doctor.stdout + doctor.stderr
    assert "kept" not in "".join(host.log)


def test_a_running_host_follows_an_apply(slow: Scene) -> None:
    text = configuration(
        slow.destination.url, events=("point_add", "tier_up"), delivery="resend_waits = [600, 600]"
    )
    slow.host.configure(text.replace('external = "tier_up"', 'external = "up"'))

    slow.host.post({"id": "follow-1", "customer": "follow", "action": "tier_up"})

    soon(lambda: slow.destination.batches("follow"))
    assert slow.destination.event("follow-1")["event_name"] == "up"


# Modules.


def test_a_switch_keeps_the_file_and_a_running_host_follows(slow: Scene) -> None:
    plugins = slow.host.folder / "plugins.toml"
    before = plugins.read_text()
    text = (
        "# ours\n[plugins.other] # not yet\nenabled = false\n\n"
        "[plugins.mparticle]\n  # the CDP\nenabled = true # since May\nnote = 'x'\n"
    )
    plugins.write_text(text)

    def seen() -> str:
        modules = slow.host.client.get("/api/modules").json()
        found: str = {one["name"]: one for one in modules}["mparticle"]["state"]
        return found

    off = slow.host.call("plugins", "disable", "mparticle")
    disabled = plugins.read_text()
    soon(lambda: seen() == "disabled")
    listed = json.loads(slow.host.do("plugins", "list", "--json"))
    checked = slow.host.call("plugins", "check", "mparticle")
    on = slow.host.call("plugins", "enable", "mparticle")
    soon(lambda: seen() == "ready")

    assert (off.returncode, checked.returncode, on.returncode) == (0, 0, 0)
    assert disabled == text.replace("enabled = true", "enabled = false")
    assert plugins.read_text() == text
    assert all(
        set(one) == {"name", "state", "reason", "title", "version", "distribution", "enabled"}
        for one in listed
    )
    by_name = {one["name"]: one for one in listed}
    assert by_name["mparticle"]["state"] == "disabled"
    assert by_name["mparticle"]["distribution"] == "loyalty-host-mparticle"
    assert (by_name["other"]["state"], by_name["other"]["enabled"]) == ("missing", False)
    plugins.write_text(before)


def test_a_module_that_is_missing_or_unknown_is_told(host: HostProcess) -> None:
    plugins = host.folder / "plugins.toml"
    plugins.write_text("[plugins.nowhere]\nenabled = true\n")
    listed = json.loads(host.do("plugins", "list", "--json"))
    unknown = [host.call("plugins", word, "unknown") for word in ("enable", "check")]
    plugins.write_text("[plugins.mparticle\n")
    broken = host.call("plugins", "list", "--json")
    switch = host.call("plugins", "enable", "mparticle")
    plugins.unlink()
    fresh = json.loads(host.do("plugins", "list", "--json"))

    states = {one["name"]: (one["state"], bool(one["reason"])) for one in listed}
    assert states["nowhere"] == ("missing", True)
    assert [done.returncode for done in unknown] == [1, 1]
    assert broken.returncode == 0
    assert "line 1" in broken.stderr
    assert switch.returncode == 1
    assert {one["name"]: one["enabled"] for one in fresh}["mparticle"] is False
    assert "[plugins.mparticle]\nenabled = false" in plugins.read_text()


def test_a_new_plugin_is_written_once(host: HostProcess) -> None:
    into = ("--into", str(host.folder / "plugins"))
    made = host.call("plugins", "new", "acme", *into)
    again = host.call("plugins", "new", "acme", *into)
    odd = host.call("plugins", "new", "Acme CDP", *into)

    assert made.returncode == 0
    assert (Path(made.stdout.strip()) / "pyproject.toml").is_file()
    assert (again.returncode, odd.returncode) == (1, 1)


def test_messages_of_a_broken_module_wait_and_are_mapped_when_it_is_mended(
    host: HostProcess, destination: StandInServer
) -> None:
    rival = host.folder / "rival"
    (rival / "rival-1.0.dist-info").mkdir(parents=True)
    (rival / "rival-1.0.dist-info" / "METADATA").write_text("Name: rival\nVersion: 1.0\n")
    (rival / "rival-1.0.dist-info" / "entry_points.txt").write_text(
        "[host.plugins]\nmparticle = rival\n"
    )
    host.configure(configuration(destination.url))
    path = os.environ.get("PYTHONPATH")
    host.environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(rival), path]))
    host.start()
    assert host.client.get("/api/modules").json()[0]["state"] == "broken"

    told = host.post(event("wait", "wait-1"))

    (waiting,) = host.messages(reason="not_mapped_yet")
    assert told["taken"] == 1
    assert (waiting["event"], waiting["state"]) == ("wait-1", "waiting")
    shutil.rmtree(rival)
    assert host.stop() == 0
    host.start()
    assert host.settle()["delivered"] == 1
    assert destination.effects() == [("wait", "wait-1")]


# Messages.


def test_the_queue_is_listed_resent_discarded_and_replayed_beside_a_running_host(
    slow: Scene,
) -> None:
    slow.destination.misbehave(status=500)
    slow.host.post(*(event(f"q-{number}", f"q-{number}") for number in range(4)))
    eventually(lambda: slow.host.ledger()["retrying"] == 4)
    slow.destination.misbehave()
    ids = [message["id"] for message in slow.host.messages(state="retrying")]

    listed = queue(slow.host, "list", "--state", "retrying", "--limit", "3", "--json")
    rest = queue(slow.host, "list", "--state", "retrying", "--cursor", listed["next"], "--json")
    dry = queue(slow.host, "discard", "--state", "retrying", "--dry-run")
    resent = queue(slow.host, "resend", "--customer", "q-0")
    soon(lambda: slow.destination.batches("q-0"))
    discarded = queue(slow.host, "discard", "--id", ids[0], "--id", ids[1])
    replayed = queue(slow.host, "replay", "--state", "discarded", "--limit", "1")
    eventually(lambda: len(slow.destination.arrivals) >= 2)
    left = queue(slow.host, "discard", "--connection", "mparticle", "--reason", "discarded")

    assert set(listed) == {"messages", "next"}
    assert [one["id"] for one in (*listed["messages"], *rest["messages"])] == ids
    assert listed["messages"] == slow_list(slow, listed["messages"])
    assert rest["next"] is None
    assert dry == {"matched": 4, "changed": 0, "skipped": 0}
    assert resent == {"matched": 1, "changed": 1, "skipped": 0}
    assert discarded == {"matched": 2, "changed": 2, "skipped": 0}
    assert replayed == {"matched": 1, "changed": 1, "skipped": 0}
    assert left == {"matched": 0, "changed": 0, "skipped": 0}
    assert queue(slow.host, "list", "--since", "2100-01-01", "--json")["messages"] == []
    assert slow.host.call("queue", "list", "--state", "lost").returncode in (1, 2)
    table = slow.host.do("queue", "list", "--customer", "q-0")
    assert "q-0" in table and "delivered" in table
    queue(slow.host, "discard", "--state", "retrying")


def slow_list(on: Scene, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same messages with their keys as the API tells them."""
    keys = set(on.host.messages()[0])
    assert all(set(one) == keys for one in listed)
    return listed


# Tokens.


def test_a_token_works_before_the_first_start_and_until_it_is_revoked(host: HostProcess) -> None:
    made = host.run("tokens", "create", "shop", "--scope", "events")
    token = made.stdout.removesuffix("\n")
    twice = host.call("tokens", "create", "shop", "--scope", "admin")
    url = host.start()

    def status() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(f"{url}/api/events", content="[]", headers=headers).status_code

    before = status()
    host.do("tokens", "revoke", "shop")
    soon(lambda: status() == 401)
    listed = json.loads(host.do("tokens", "list", "--json"))

    assert made.returncode == 0
    assert token and token.split() == [token]
    assert (twice.returncode, before) == (1, 202)
    assert host.call("tokens", "revoke", "nobody").returncode == 1
    assert [(one["name"], one["scope"]) for one in listed] == [("shop", "events")]
    kept = "".join(host.log).encode() + b"".join(
        path.read_bytes() for path in host.home.iterdir() if path.is_file()
    )
    assert token.encode() not in kept


# Processes.


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["queue", "--help"], 0),
        (["nothing"], 2),
        (["serve", "--port", "many"], 2),
        (["queue", "list", "--limit", "0"], 2),
        (["tokens", "create", "a", "--scope", "all"], 2),
        (["apply", "/nowhere/host.toml"], 1),
        (["send", "/nowhere/events.ndjson"], 1),
    ],
    ids=repr,
)
def test_the_exit_code_tells_wrong_usage_from_failure(
    host: HostProcess, arguments: list[str], code: int
) -> None:
    done = host.run(*arguments)

    assert done.returncode == code
    assert bool(done.stdout) is (code == 0)
    assert "Traceback" not in done.stderr


def test_a_second_host_on_a_folder_names_the_first(slow: Scene) -> None:
    assert slow.host.process is not None
    second = slow.host.run("serve", "--port", "0")
    worker = slow.host.run("work")
    taken = socket.create_server(("127.0.0.1", 0))

    with taken:
        port = str(taken.getsockname()[1])
        environment = {"LOYALTY_HOST_HOME": str(slow.host.folder / "another")}
        other = HostProcess(slow.host.folder, **environment)
        busy = other.run("serve", "--port", port)

    assert (second.returncode, worker.returncode, busy.returncode) == (1, 1, 1)
    for done in (second, worker):
        assert f"process {slow.host.process.pid}" in done.stderr
    assert port in busy.stderr


def test_a_host_told_to_end_finishes_what_is_in_flight(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    destination.misbehave(latency_ms=2000)
    host.post(*(event(f"end-{number}", f"end-{number}") for number in range(3)))
    eventually(lambda: host.ledger()["sending"])
    stream = threading.Thread(target=_listen, args=(host.client,))
    stream.start()

    begun = time.monotonic()
    code = host.stop()
    stream.join(PATIENCE)

    assert code == 0
    assert time.monotonic() - begun < 15
    destination.misbehave()
    host.start()
    assert host.settle()["delivered"] == 3
    assert destination.stand_in.counters["accepted"] == 3
    assert destination.stand_in.counters["duplicates"] == 0
    assert host.process is not None
    host.process.send_signal(signal.SIGINT)
    assert host.process.wait(PATIENCE) == 130


def _listen(client: httpx.Client) -> None:
    """Hold the stream open until the host ends it."""
    try:
        with client.stream("GET", "/api/stream") as stream:
            for _ in stream.iter_lines():
                pass
    except httpx.HTTPError:
        pass


def test_send_waits_for_a_host_that_is_away_and_ends_when_interrupted(
    host: HostProcess, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = str(nobody.getsockname()[1])
    host.environment |= {
        "LOYALTY_HOST_URL": f"http://127.0.0.1:{port}",
        "LOYALTY_HOST_TOKEN": host.do("tokens", "create", "send", "--scope", "events").strip(),
    }
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(event("late", "late-1")) + "\n")

    with (
        command(host, "send", str(file)) as interrupted,
        command(host, "send", str(file)) as patient,
    ):
        for process in (interrupted, patient):
            assert process.stderr is not None
            assert "cannot be reached" in process.stderr.readline()
        interrupted.send_signal(signal.SIGINT)
        interrupted.communicate(timeout=PATIENCE)
        with command(host, "serve", "--port", port) as serve:
            out, _ = patient.communicate(timeout=PATIENCE)
            serve.terminate()
            serve.communicate(timeout=PATIENCE)

    assert interrupted.returncode == 130
    assert (patient.returncode, out) == (0, "taken 1, duplicates 0, skipped 0, refused 0\n")
    assert serve.returncode == 0


@contextmanager
def command(host: HostProcess, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command under way, ended at the end whatever happens."""
    with subprocess.Popen(
        [str(LOYALTY_HOST), *arguments],
        env=host.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=host.folder,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_send_reads_standard_input_and_refuses_a_wrong_token(slow: Scene) -> None:
    line = json.dumps(event("stdin", "stdin-1"))

    sent = slow.host.run("send", "-", stdin=f"{line}\n{line}\n\n")
    token = slow.host.environment["LOYALTY_HOST_TOKEN"]
    slow.host.environment["LOYALTY_HOST_TOKEN"] = "wrong"
    refused = slow.host.run("send", "-", stdin=line)
    slow.host.environment["LOYALTY_HOST_TOKEN"] = token

    assert (sent.returncode, sent.stdout) == (
        0,
        "taken 1, duplicates 1, skipped 1, refused 0\n",
    )
    assert refused.returncode == 1
    assert "token" in refused.stderr
