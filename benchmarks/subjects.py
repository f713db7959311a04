"""What is measured, started ready for use: the host with a connection, the sink, the baseline."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import msgspec
import tomli_w

from benchmarks.baseline import TOKEN
from benchmarks.events import ACTIONS, bodies, customers
from benchmarks.load import post, send
from benchmarks.processes import Server, serving

_COMMAND: Final = str(Path(sys.executable).with_name("loyalty-host"))
_SETTLE_SECONDS: Final = 300.0
_FIELDS: Final = {
    "first_name": "$firstname",
    "last_name": "$lastname",
    "language": "loyalty_language",
    "score": "loyalty_points",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A server that takes events, and the token it takes them with."""

    server: Server
    token: str

    @property
    def events_url(self) -> str:
        """Where events go."""
        return f"{self.server.url}/api/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """The destination that counts."""

    url: str

    def counters(self) -> Mapping[str, Any]:
        """`requests`, `batches` and `last_at` (`time.monotonic`) so far."""
        answer = httpx.get(f"{self.url}/counters", trust_env=False).raise_for_status()
        return dict(msgspec.json.decode(answer.content))

    def wait_for(self, batches: int, seconds: float = _SETTLE_SECONDS) -> float:
        """When the batch of that number arrived; raises TimeoutError if it does not."""
        until = time.monotonic() + seconds
        while (seen := self.counters())["batches"] < batches:
            if time.monotonic() > until:
                raise TimeoutError(f"{seen['batches']} of {batches} arrived in {seconds:.0f} s")
            time.sleep(0.05)
        return float(seen["last_at"])


@contextmanager
def sink() -> Iterator[Sink]:
    """The sink in a process of its own."""
    with serving([sys.executable, "-m", "benchmarks.sink"], {}) as server:
        yield Sink(url=server.url)


@contextmanager
def baseline() -> Iterator[Taker]:
    """The baseline in a process of its own."""
    with serving([sys.executable, "-m", "benchmarks.baseline"], {}) as server:
        yield Taker(server=server, token=TOKEN)


@contextmanager
def host(
    destination: Sink,
    *,
    delivers: bool,
    stores: bool = True,
    workflows: Sequence[Mapping[str, Any]] = (),
) -> Iterator[Taker]:
    """A host in a data folder of its own, connected to the sink, every event associated.

    The customers are known to it; their first profile messages are delivered before it is
    handed over (when it delivers at all).
    """
    with TemporaryDirectory(prefix="loyalty-host-bench-") as folder:
        environment = _environment(Path(folder))
        config = Path(folder, "bench.toml")
        config.write_text(
            tomli_w.dumps(_configuration(destination.url, workflows)), encoding="utf-8"
        )
        _run(environment, "apply", str(config))
        token = _run(environment, "tokens", "create", "bench", "--scope", "admin").strip()
        program = [_COMMAND] if stores else [sys.executable, "-m", "benchmarks.not_storing"]
        command = [*program, "serve", "--port", "0", *([] if delivers else ["--no-delivery"])]
        with serving(command, environment) as server:
            _load_customers(server.url, token)
            if delivers:
                wait_until_settled(server.url, token)
            yield Taker(server=server, token=token)


def wait_until_settled(url: str, token: str, seconds: float = _SETTLE_SECONDS) -> None:
    """Wait until the ledger shows nothing open; raises TimeoutError."""
    until = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        answer = httpx.get(f"{url}/api/ledger", headers=headers, trust_env=False)
        ledger = msgspec.json.decode(answer.raise_for_status().content)["connections"]
        still_open = sum(
            line[state]
            for line in ledger.values()
            for state in ("waiting", "sending", "retrying", "undelivered")
        )
        if not still_open:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"{still_open} messages not delivered in {seconds:.0f} s: {ledger}")
        time.sleep(0.1)


def _environment(folder: Path) -> dict[str, str]:
    plugins = folder / "plugins.toml"
    plugins.write_text("[plugins.mparticle]\nenabled = true\n", encoding="utf-8")
    return {
        "LOYALTY_HOST_HOME": str(folder / "home"),
        "LOYALTY_HOST_DATABASE": f"sqlite:///{folder / 'home' / 'host.db'}",
        "LOYALTY_HOST_PLUGINS": str(plugins),
        "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
    }


def _configuration(destination: str, workflows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    connection = {
        "module": "mparticle",
        "settings": {
            "api_url": f"{destination}/v2",
            "api_key": "bench-key",
            "api_secret": "bench-secret",
            "development": True,
        },
        "fields": [{"loyalty": ours, "remote": theirs} for ours, theirs in _FIELDS.items()],
        "events": [
            {"loyalty": action, "external": action, "type": "transaction"} for action in ACTIONS
        ],
    }
    return {"connections": {"bench": connection}, "workflows": list(workflows)}


def _run(environment: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [_COMMAND, *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"loyalty-host {' '.join(words)} failed: {done.stdout}{done.stderr}")
    return done.stdout


def _load_customers(url: str, token: str) -> None:
    address = f"{url}/api/customers"
    send(address, [post(address, body, token) for body in bodies(customers(), 500)], 2)
