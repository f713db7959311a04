"""A real host in its own process, and the stand-in destination on the loopback."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host.cli.main import run as run_command
from host_mparticle.standin import create_app
from host_mparticle.standin.far_side import KEPT_ARRIVALS, StandIn

LOYALTY_HOST: Final = Path(sys.executable).with_name("loyalty-host")
PATIENCE: Final = 30.0  # seconds that anything awaited may take


def eventually(look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `look` answers as soon as it is truthy. Fails when it never is."""
    deadline = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < deadline, f"never came about: {look}"
        time.sleep(0.02)
    return seen


class Recorder:
    """Keeps the bodies of the latest requests, byte by byte, on their way to an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.bodies: deque[bytes] = deque(maxlen=200)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        parts: list[bytes] = []

        async def listen() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    self.bodies.append(b"".join(parts))
            return message

        await self._app(scope, listen, send)


class ThreadServer:
    """An application served by a thread of this process, on a port of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._thread.join()


class StandInServer(ThreadServer):
    """The stand-in destination; it keeps so many of the latest arrivals."""

    def __init__(self, kept: int = KEPT_ARRIVALS) -> None:
        app = create_app(stand_in=StandIn(kept_arrivals=kept))
        self.stand_in = app.state.stand_in
        self.recorder = Recorder(app)
        super().__init__(self.recorder)

    @property
    def arrivals(self) -> list[dict[str, Any]]:
        """What arrived, oldest first."""
        return list(self.stand_in.arrivals)

    def effects(self) -> list[tuple[str, str | None]]:
        """Customer and event id (None: a profile) of everything that took effect, in order."""
        return [(one["customer"], event_id(one)) for one in self.arrivals]

    def batches(self, customer: str) -> list[dict[str, Any]]:
        """What arrived of one customer, oldest first, as it was sent."""
        return [one["batch"] for one in self.arrivals if one["customer"] == customer]

    def event(self, id_: str) -> dict[str, Any]:
        """The one event that arrived under this id, as the destination sees it."""
        found = [one["batch"]["events"][0] for one in self.arrivals if event_id(one) == id_]
        assert len(found) == 1, f"{id_} arrived {len(found)} times"
        seen: dict[str, Any] = found[0]["data"]
        return seen

    def misbehave(self, **told: Any) -> None:
        """Misbehave from now on, as the stand-in's page on its control says; nothing: behave."""
        self.stand_in.misbehave(**told)


def event_id(arrival: dict[str, Any]) -> str | None:
    """The id of the loyalty event that an arrival carries."""
    events = arrival["batch"].get("events") or []
    return events[0]["data"]["source_message_id"] if events else None


def configuration(
    url: str,
    *,
    events: Sequence[str] = ("point_add",),
    fields: Sequence[tuple[str, str]] = (),
    development: bool = True,
    connection: str = "mparticle",
    delivery: str = "",
) -> str:
    """A configuration as `apply` takes it."""
    rows = "".join(
        f'[[connections.{connection}.events]]\nloyalty = "{name}"\nexternal = "{name}"\n'
        'type = "other"\n'
        for name in events
    ) + "".join(
        f'[[connections.{connection}.fields]]\nloyalty = "{loyalty}"\nremote = "{remote}"\n'
        for loyalty, remote in fields
    )
    return (
        f'[connections.{connection}]\nmodule = "mparticle"\n'
        f'[connections.{connection}.settings]\napi_url = "{url}/v2"\napi_key = "demo-key"\n'
        f'api_secret = "demo-secret"\ndevelopment = {str(development).lower()}\n'
        f"{rows}[connections.{connection}.delivery]\n{delivery}\n"
    )


class HostProcess:
    """`loyalty-host` on a data folder: its commands, and `serve` as a process."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.home = folder / "data"
        plugins = folder / "plugins.toml"
        if not plugins.exists():
            plugins.write_text("[plugins.mparticle]\nenabled = true\n")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LOYALTY_HOST_")},
            "LOYALTY_HOST_HOME": str(self.home),
            "LOYALTY_HOST_PLUGINS": str(plugins),
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
            **variables,
        }
        self.process: subprocess.Popen[str] | None = None
        self.log: list[str] = []
        self._client: httpx.Client | None = None
        self._token = ""

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code."""
        return subprocess.run(
            [str(LOYALTY_HOST), *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
        )

    def call(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as `run` does, but in this process: a start takes a second."""
        given = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ), sys.stdin
        os.environ.clear()
        os.environ.update(self.environment)
        sys.stdin = given
        try:
            # In a thread, because a browser test holds this one's event loop.
            with redirect_stdout(out), redirect_stderr(err), ThreadPoolExecutor(1) as elsewhere:
                code = elsewhere.submit(run_command, list(arguments)).result()
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            sys.stdin = before[1]
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def do(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must succeed; its stdout."""
        done = self.call(*arguments, stdin=stdin)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def configure(self, text: str, *options: str) -> str:
        """Apply a configuration."""
        return self.do("apply", "-", *options, stdin=text)

    def start(self, *options: str) -> str:
        """Start `serve` on a free port and wait until it is ready; its URL."""
        process = subprocess.Popen(
            [str(LOYALTY_HOST), "serve", "--port", "0", *options],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )
        self.process = process
        ready: queue.SimpleQueue[str] = queue.SimpleQueue()

        def read() -> None:
            assert process.stderr is not None
            with process.stderr:
                for line in process.stderr:
                    self.log.append(line)
                    if line.startswith("ready "):
                        ready.put(line.split()[1])
            ready.put("")

        threading.Thread(target=read, daemon=True).start()
        url = ready.get(timeout=PATIENCE)
        assert url, "".join(self.log)
        self.environment["LOYALTY_HOST_URL"] = url
        return url

    def kill(self) -> None:
        """End the host as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End the host as an operator would; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    @property
    def client(self) -> httpx.Client:
        """A client of the API with an admin token."""
        if not self._token:
            self._token = self.do("tokens", "create", "tests", "--scope", "admin").strip()
            self.environment["LOYALTY_HOST_TOKEN"] = self._token
        url = self.environment["LOYALTY_HOST_URL"]
        if self._client is None or str(self._client.base_url).rstrip("/") != url:
            self.close()
            headers = {"Authorization": f"Bearer {self._token}"}
            self._client = httpx.Client(base_url=url, headers=headers, timeout=PATIENCE)
        return self._client

    def close(self) -> None:
        """Close what is open, end what runs."""
        if self._client is not None:
            self._client.close()

    def post(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Hand in events as one array; they must be answered 202."""
        answer = self.client.post("/api/events", content=json.dumps(events))
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def ledger(self, connection: str = "mparticle") -> dict[str, int]:
        """The books of a connection; they must balance."""
        books: dict[str, int] = self.client.get("/api/ledger").json()["connections"][connection]
        assert books["made"] == sum(n for state, n in books.items() if state != "made"), books
        return books

    def settle(self, connection: str = "mparticle", patience: float = PATIENCE) -> dict[str, int]:
        """Wait until nothing waits; the books then."""

        def settled() -> dict[str, int] | None:
            books = self.ledger(connection)
            open_ = books["waiting"] + books["sending"] + books["retrying"]
            return None if open_ else books

        books: dict[str, int] = eventually(settled, patience)
        return books

    def messages(self, **query: str) -> list[dict[str, Any]]:
        """Messages, newest first."""
        answer = self.client.get("/api/messages", params={"limit": "500", **query})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found


@contextmanager
def stand_in(kept: int = KEPT_ARRIVALS) -> Iterator[StandInServer]:
    """A running stand-in."""
    server = StandInServer(kept)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def host_process(folder: Path, **variables: str) -> Iterator[HostProcess]:
    """A host that is not started yet, ended at the end whatever happens."""
    host = HostProcess(folder, **variables)
    try:
        yield host
    finally:
        host.close()
        if host.process is not None and host.process.poll() is None:
            host.kill()


@dataclass(frozen=True, slots=True)
class Scene:
    """A running host and the destination that it delivers to."""

    host: HostProcess
    destination: StandInServer


FIELDS: Final = (
    ("first_name", "$firstname"),
    ("tier", "antavo_tier"),
    ("score", "antavo_score"),
)
"""Rows of Sync fields that tests of profiles look at."""


@contextmanager
def scene(
    folder: Path,
    *,
    events: Sequence[str] = ("point_add", "checkout", "opt_in", "opt_out"),
    fields: Sequence[tuple[str, str]] = FIELDS,
    delivery: str = "",
) -> Iterator[Scene]:
    """A running host that is connected to a stand-in."""
    with stand_in() as destination, host_process(folder) as host:
        host.configure(
            configuration(destination.url, events=events, fields=fields, delivery=delivery)
        )
        host.start()
        assert host.client  # with it comes the token that commands send
        yield Scene(host, destination)
